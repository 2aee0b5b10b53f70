import { auth as authV2 } from '@modelcontextprotocol/client'
import { auth as authV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { json, startDeployment, urls, withAnswers } from './deployment.ts'
import type { Deployment } from './deployment.ts'

/** What a client did with a deployment: the URL that it would open, or why it stopped. */
export type SignInStart =
  | { readonly outcome: 'opens'; readonly url: URL; readonly registration: unknown }
  | { readonly outcome: 'stops'; readonly why: string }

/** Starts a sign-in of an SDK with its own OAuth, up to the page that it would open. */
export async function startSignIn(
  sdk: 'v1' | 'v2',
  deployment: Deployment,
  challengeUrl?: string,
): Promise<SignInStart> {
  let registration: unknown
  const registering = withAnswers(
    {
      [urls.register]: ({ method, body }) => {
        if (method !== 'POST')
          return { status: 204, headers: { 'access-control-allow-origin': '*' } }
        registration = JSON.parse(body)
        return json({ ...Object(registration), client_id: 'client' }, { status: 201 })
      },
    },
    deployment,
  )
  await using running = await startDeployment(registering)
  let opened: URL | undefined
  const provider = {
    redirectUrl: 'http://127.0.0.1:9/callback',
    clientMetadata: {
      client_name: 'doctor',
      redirect_uris: ['http://127.0.0.1:9/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
    clientInformation: () => undefined,
    saveClientInformation: () => undefined,
    tokens: () => undefined,
    saveTokens: () => undefined,
    redirectToAuthorization: (url: URL) => void (opened = url),
    saveCodeVerifier: () => undefined,
    codeVerifier: () => '',
  }
  const options = {
    serverUrl: deployment.serverUrl,
    fetchFn: running.fetch,
    ...(challengeUrl === undefined ? {} : { resourceMetadataUrl: new URL(challengeUrl) }),
  }
  try {
    await (sdk === 'v1' ? authV1(provider, options) : authV2(provider, options))
  } catch (error) {
    return { outcome: 'stops', why: error instanceof Error ? error.message : 'unknown' }
  }
  return opened === undefined
    ? { outcome: 'stops', why: 'no page' }
    : { outcome: 'opens', url: opened, registration }
}
