import { EvergrantClientError } from '@evergrant/client'
import type { AccessToken, Session } from '@evergrant/client'
import type { HttpClient, HttpRequest, HttpResponse } from '../remote/http.ts'
import { fetchOfClient, responseOfFetch } from '../remote/http.ts'

/**
 * Sends requests to the MCP server with a token of the session.
 *
 * Most requests find a token in memory and need nothing else. A request that the server refuses is
 * repeated by `authorizedFetch`, which refreshes, signs in, and widens scope. It is loaded on first
 * use, because it needs the memory of `fetch`.
 *
 * @param session - Its `signIn` decides how long a request waits for the user.
 */
export function authorizedSender(client: HttpClient, session: Session): HttpClient {
  /** The server answers without a token, so the store need not be read. */
  let isOpen = false
  let thorough: Promise<typeof globalThis.fetch> | undefined

  async function sendThoroughly(request: HttpRequest): Promise<HttpResponse> {
    thorough ??= import('@evergrant/client/fetch').then(({ authorizedFetch }) =>
      authorizedFetch(session, { fetch: fetchOfClient(client) }),
    )
    const send = await thorough
    const { url, method, headers, body, signal } = request
    const content = body === undefined ? {} : { body }
    return responseOfFetch(await send(url, { method, headers, signal, ...content }))
  }

  /** A second URL of the server, which the library does not know: the endpoint of HTTP+SSE. */
  async function sendToOtherUrl(
    request: HttpRequest,
    rejected: AccessToken | undefined,
  ): Promise<HttpResponse> {
    const { signal } = request
    const rejectedAccessToken = rejected?.value
    const token =
      (await tokenOf(session, { rejectedAccessToken, signal })) ??
      (await session
        .signIn({ unusableAccessToken: rejectedAccessToken, signal })
        .then(() => session.getAccessToken({ signal })))
    return await client(withToken(request, token))
  }

  return async (request) => {
    const token = isOpen ? undefined : await tokenOf(session, { signal: request.signal })
    const isOwnUrl = request.url === session.serverUrl
    if (token?.tokenType !== 'DPoP') {
      const response = await client(withToken(request, token))
      if (!isRefusal(response)) {
        if (token === undefined && response.status < 300) isOpen = true
        return response
      }
      response.discard()
      isOpen = false
      if (!isOwnUrl) return await sendToOtherUrl(request, token)
    }
    return await sendThoroughly(request)
  }
}

function withToken(request: HttpRequest, token: AccessToken | undefined): HttpRequest {
  if (token === undefined) return request
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token.value}` } }
}

/** A refusal of the token, or a redirect, which must not take the token elsewhere. */
function isRefusal({ status }: HttpResponse): boolean {
  return status === 401 || status === 403 || (status >= 300 && status < 400 && status !== 304)
}

/** A token, or `undefined` if the user must sign in. */
async function tokenOf(
  session: Session,
  options: {
    readonly rejectedAccessToken?: string | undefined
    readonly signal: AbortSignal
  },
): Promise<AccessToken | undefined> {
  try {
    return await session.getAccessToken(options)
  } catch (error) {
    if (EvergrantClientError.is(error) && error.code === 'SIGN_IN_REQUIRED') return undefined
    throw error
  }
}
