import type { InteractiveSignIn, SignIn } from '@evergrant/client'
import { documentOf } from '../lib/json.ts'

/** What passed between the client and the authorization server during a sign-in. Holds secrets. */
export interface CapturedSignIn {
  tokenRequest?: { readonly url: string; readonly form: URLSearchParams; readonly headers: Headers }
  tokenResponse?: Readonly<Record<string, unknown>>
  registration?: Readonly<Record<string, unknown>>
  callback?: URL
}

/** A sign-in that this process completes. */
export type CompletingSignIn = Exclude<SignIn, { readonly kind: 'redirect' | 'none' }>

/** Makes a `fetch` that notes the token request and the registration of a sign-in. */
export function capturingFetch(
  fetch: typeof globalThis.fetch,
  captured: CapturedSignIn,
): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (init?.method?.toUpperCase() !== 'POST') return response
    const url = input instanceof Request ? input.url : String(input)
    const form = formOf(init.body)
    if (form !== undefined && form.get('grant_type') !== 'refresh_token') {
      const [kept, read] = await twice(response)
      const body = documentOf(read)
      if (body?.['access_token'] !== undefined) {
        captured.tokenRequest = { url, form, headers: new Headers(init.headers) }
        captured.tokenResponse = body
      }
      return kept
    }
    if (
      form === undefined &&
      typeof init.body === 'string' &&
      init.body.includes('redirect_uris')
    ) {
      const [kept, read] = await twice(response)
      const registration = documentOf(read)
      if (registration?.['client_id'] !== undefined) captured.registration = registration
      return kept
    }
    return response
  }
}

/** Notes the callback of a sign-in, if it has one. */
export function capturingSignIn(
  signIn: CompletingSignIn,
  captured: CapturedSignIn,
): CompletingSignIn {
  if (signIn.kind === 'interactive') return capturingCallback(signIn, captured)
  if (signIn.kind !== 'device' || signIn.otherwise === undefined) return signIn
  return { ...signIn, otherwise: capturingCallback(signIn.otherwise, captured) }
}

function capturingCallback(signIn: InteractiveSignIn, captured: CapturedSignIn): InteractiveSignIn {
  return {
    kind: 'interactive',
    async prepare(preferredRedirectUri) {
      const prepared = await signIn.prepare(preferredRedirectUri)
      return {
        redirectUri: prepared.redirectUri,
        close: () => prepared.close(),
        async authorize(authorizationUrl, signal) {
          const callback = await prepared.authorize(authorizationUrl, signal)
          if (URL.canParse(callback)) captured.callback = new URL(callback)
          return callback
        },
      }
    },
  }
}

function formOf(body: RequestInit['body']): URLSearchParams | undefined {
  if (body instanceof URLSearchParams) return body
  return typeof body === 'string' && body.includes('grant_type=')
    ? new URLSearchParams(body)
    : undefined
}

const maximumCharacters = 262_144

async function twice(response: Response): Promise<readonly [Response, string]> {
  const copy = response.clone()
  const text = await copy.text().catch(() => '')
  return [response, text.slice(0, maximumCharacters)]
}
