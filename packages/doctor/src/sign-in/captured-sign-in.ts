import type { InteractiveSignIn, SignIn } from '@evergrant/client'
import { documentOf } from '../lib/json.ts'
import { readStart } from '../lib/read-start.ts'
import { limits } from '../observations/limits.ts'

/** What passed between the client and the authorization server during a sign-in. Holds secrets. */
export interface CapturedSignIn {
  tokenRequest?: { readonly url: string; readonly form: URLSearchParams; readonly headers: Headers }
  tokenResponse?: Readonly<Record<string, unknown>>
  registration?: Readonly<Record<string, unknown>>
  callback?: URL
  /** The last request that creates something. Ends after its answer was noted. */
  pending?: Promise<void>
}

interface SentBy {
  readonly fetch: typeof globalThis.fetch
  readonly requestTimeoutMilliseconds: number
}

/** A sign-in that this process completes. */
export type CompletingSignIn = Exclude<SignIn, { readonly kind: 'redirect' | 'none' }>

/**
 * Makes a `fetch` that notes the token request and the registration of a sign-in. These requests are not
 * interrupted, because what they create must be removed again.
 */
export function capturingFetch(
  { fetch, requestTimeoutMilliseconds }: SentBy,
  captured: CapturedSignIn,
): typeof globalThis.fetch {
  return async (input, init) => {
    if (init?.method?.toUpperCase() !== 'POST') return await fetch(input, init)
    const form = formOf(init.body)
    const grantType = form?.get('grant_type') ?? 'refresh_token'
    const isExchange = grantType !== 'refresh_token'
    const isRegistration = form === undefined && isRegistrationBody(init.body)
    if (!isExchange && !isRegistration) return await fetch(input, init)
    const completed = complete()
    captured.pending = completed.then(
      () => undefined,
      () => undefined,
    )
    return await completed

    async function complete(): Promise<Response> {
      const signal = AbortSignal.timeout(requestTimeoutMilliseconds)
      const response = await fetch(input, { ...init, signal })
      const { text } = await readStart(response, limits.documentBytes)
      const body = documentOf(text)
      if (form !== undefined && body?.['access_token'] !== undefined) {
        const url = input instanceof Request ? input.url : String(input)
        captured.tokenRequest = { url, form, headers: new Headers(init?.headers) }
        captured.tokenResponse = body
      }
      if (isRegistration && body?.['client_id'] !== undefined) captured.registration = body
      const { status, headers } = response
      return new Response(text === '' ? null : text, { status, headers })
    }
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

function isRegistrationBody(body: RequestInit['body']): boolean {
  const document = typeof body === 'string' ? documentOf(body) : undefined
  return document?.['redirect_uris'] !== undefined || document?.['grant_types'] !== undefined
}

function formOf(body: RequestInit['body']): URLSearchParams | undefined {
  if (body instanceof URLSearchParams) return body
  return typeof body === 'string' && body.includes('grant_type=')
    ? new URLSearchParams(body)
    : undefined
}
