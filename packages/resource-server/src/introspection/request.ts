import { showRemote } from '@evergrant/core'
import { basicCredentials } from '@evergrant/core/registration'
import * as oauth from 'oauth4webapi'
import { fetchFailure } from '../lib/fetch-failure.ts'
import { limitedText } from '../lib/limited-text.ts'
import type { TokenIntrospection } from './options.ts'

const maximumBytes = 1_048_576

/** The members of an introspection response. `active` is a boolean. */
export type IntrospectionMembers = Readonly<Record<string, unknown>> & { readonly active: boolean }

/** An introspection response. */
export interface IntrospectionResponse {
  readonly members: IntrospectionMembers
  /** Characters of the body. */
  readonly length: number
}

/** Sends introspection requests to one endpoint. */
export interface IntrospectionEndpoint {
  readonly issuer: string
  readonly url: URL
  readonly introspection: TokenIntrospection
  readonly fetch: typeof fetch
}

/** Why an introspection endpoint gave no usable answer. The message contains no token and no secret. */
export class IntrospectionFailure extends Error {
  override readonly name = 'IntrospectionFailure'
  /** `Retry-After` of the response. */
  readonly retryAfterSeconds: number | undefined
  /** Whether the next token would probably get the same answer. */
  readonly isOutage: boolean

  constructor(message: string, options: { retryAfterSeconds?: number; isOutage?: boolean } = {}) {
    super(message)
    this.retryAfterSeconds = options.retryAfterSeconds
    this.isOutage = options.isOutage ?? true
  }
}

/**
 * Introspects a token.
 *
 * @throws {IntrospectionFailure} Names the URL, the status and the content type.
 * @see RFC 7662 §2
 */
export async function introspect(
  endpoint: IntrospectionEndpoint,
  token: string,
): Promise<IntrospectionResponse> {
  const { issuer, url, introspection } = endpoint
  const server = { issuer, introspection_endpoint: url.href }
  const client = { client_id: introspection.clientId }
  const timeoutMilliseconds = introspection.timeoutMilliseconds ?? 5000
  let received = 'no response'
  let length = 0
  const send: typeof fetch = async (target, init) => {
    const response = await endpoint.fetch(target, init)
    received = describe(response)
    if (response.status !== 200) {
      await response.body?.cancel()
      throw refusedBy(url, response, received)
    }
    // The library reads bodies without a limit.
    const text = await limitedText(response, maximumBytes)
    length = text.length
    return new Response(text, { status: 200, headers: response.headers })
  }
  try {
    const response = await oauth.introspectionRequest(
      server,
      client,
      clientAuthentication(introspection),
      token,
      {
        additionalParameters: { token_type_hint: 'access_token' },
        signal: AbortSignal.timeout(timeoutMilliseconds),
        [oauth.customFetch]: send,
        // assertTrustedUrl admits http on loopback hosts only.
        [oauth.allowInsecureRequests]: url.protocol === 'http:',
      },
    )
    const members = await oauth.processIntrospectionResponse(server, client, response)
    return { members: { ...members }, length }
  } catch (error) {
    if (error instanceof IntrospectionFailure) throw error
    const what =
      received === 'no response'
        ? fetchFailure(error, timeoutMilliseconds)
        : `${received}, not an introspection response (${fetchFailure(error, timeoutMilliseconds)})`
    // The error of the library may contain the body, and a body may echo the token.
    throw new IntrospectionFailure(`${url.href}: ${what}`)
  }
}

function describe(response: Response): string {
  const type = response.headers.get('content-type')
  return `status ${response.status}${type === null ? '' : `, content type ${showRemote(type)}`}`
}

function refusedBy(url: URL, response: Response, received: string): IntrospectionFailure {
  const advice =
    response.status === 401 || response.status === 403
      ? '. Correct introspection.clientId, clientSecret and clientAuthentication'
      : ''
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new IntrospectionFailure(`${url.href}: ${received}${advice}`, {
    isOutage: !isAboutTheRequest(response.status),
    ...(seconds >= 1 && seconds <= 600 ? { retryAfterSeconds: Math.ceil(seconds) } : {}),
  })
}

/**
 * Such as 400 or 500 for a token that the server cannot parse. One sender must not stop all introspection.
 */
function isAboutTheRequest(status: number): boolean {
  if (status === 500) return true
  return status >= 400 && status < 500 && ![401, 403, 404, 405, 408, 429].includes(status)
}

function clientAuthentication(introspection: TokenIntrospection): oauth.ClientAuth {
  const { clientId, clientSecret } = introspection
  if (introspection.clientAuthentication === 'client_secret_post') {
    return oauth.ClientSecretPost(clientSecret)
  }
  return (_server, _client, _body, headers) => {
    headers.set('authorization', `Basic ${basicCredentials(clientId, clientSecret)}`)
  }
}
