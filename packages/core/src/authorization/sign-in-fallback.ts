import { saysClientIsUnknown } from '../registration/unknown-client.ts'
import { missingScopes, offlineAccess, readScope } from '../scope/scope.ts'
import { showErrorWords } from '../token/error-words.ts'

/**
 * What a client changes after a refused sign-in, in the order in which it is tried:
 *
 * - `register-again`: the server no longer knows the stored client, so a new one is registered.
 * - `register-with-scope`: the server registered a default scope, so a client with the requested scope
 *   is registered.
 * - `without-offline-access`: the request leaves out `offline_access`.
 * - `without-prompt`: the request leaves out `prompt=consent`.
 */
export type SignInFallback =
  | 'register-again'
  | 'register-with-scope'
  | 'without-offline-access'
  | 'without-prompt'

/** A fallback that was applied, and why. */
export interface AppliedFallback {
  readonly fallback: SignInFallback
  /** In plain words, with the words of the server. */
  readonly explanation: string
}

/** The authorization request that was refused. */
export interface RefusedRequest {
  readonly scope: string | undefined
  readonly prompt: string | undefined
  /** `stored` and `new` clients registered themselves. A `fixed` client cannot be replaced. */
  readonly client: 'stored' | 'new' | 'fixed'
  /** The scope of the registration, if it is known. */
  readonly registeredScope: string | undefined
}

/** What the authorization server said. */
export interface SignInRefusal {
  /** `authorization-request`: the server refused a request without a user. */
  readonly at: 'authorization-request' | 'authorization-response' | 'code-exchange'
  readonly error: string | undefined
  readonly description: string | undefined
  /** Whether the server refuses the client without an OAuth error that says so. */
  readonly clientRefused?: boolean
}

/** Whether to repeat the request, and with which change. */
export type SignInFallbackDecision =
  | ({ readonly action: 'retry' } & AppliedFallback)
  | { readonly action: 'fail' }

/**
 * Decides what to do after a server refused a sign-in. Each fallback is used once, so one sign-in makes
 * at most five authorization requests. A refusal that no fallback can change ends the sign-in.
 *
 * @param used - The fallbacks of this sign-in so far.
 */
export function decideSignInFallback(
  request: RefusedRequest,
  refusal: SignInRefusal,
  used: readonly SignInFallback[],
): SignInFallbackDecision {
  const words = showErrorWords(refusal)
  const server = 'The authorization server'
  const says = words === '' ? '' : ` (${words})`
  const candidates: readonly (AppliedFallback & { readonly applies: boolean })[] = [
    {
      fallback: 'register-again',
      applies: request.client === 'stored' && refusesClient(refusal),
      explanation: `${server} does not accept the stored client${says}, so a new client was registered.`,
    },
    {
      fallback: 'register-with-scope',
      applies: refusal.error === 'invalid_scope' && scopeMayBeUnregistered(request),
      explanation: `${server} refuses the scope for this client${says}, so a client was registered with the requested scope.`,
    },
    {
      fallback: 'without-offline-access',
      applies: refusal.error === 'invalid_scope' && mayRefuseOfflineAccess(request, refusal),
      explanation: `${server} refuses the scope${says}, so offline_access was left out.`,
    },
    {
      fallback: 'without-prompt',
      applies: request.prompt !== undefined && mayConcernPrompt(refusal),
      explanation: `${server} refuses a request with prompt=${request.prompt ?? ''}${says}, so prompt was left out.`,
    },
  ]
  const next = candidates.find(({ fallback, applies }) => applies && !used.includes(fallback))
  return next === undefined
    ? { action: 'fail' }
    : { action: 'retry', fallback: next.fallback, explanation: next.explanation }
}

function refusesClient({ error, description, clientRefused }: SignInRefusal): boolean {
  return clientRefused === true || saysClientIsUnknown(error, description)
}

/** Some servers register a default scope if the registration names none, and refuse all others. */
function scopeMayBeUnregistered({ client, scope, registeredScope }: RefusedRequest): boolean {
  if (client === 'fixed' || scope === undefined) return false
  const requested = readScope(scope).tokens
  const registered = readScope(registeredScope).tokens
  return missingScopes(requested, registered).length > 0
}

/** Whether the server may mean `offline_access`, unless its words name another scope. */
function mayRefuseOfflineAccess(
  { scope }: RefusedRequest,
  { description = '' }: SignInRefusal,
): boolean {
  const requested = readScope(scope).tokens
  if (!requested.includes(offlineAccess)) return false
  return names(description, offlineAccess) || !requested.some((token) => names(description, token))
}

/** Whether a sentence names a scope. A plain word such as `read` must be quoted. */
function names(sentence: string, token: string): boolean {
  const escaped = token.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
  const isPlainWord = /^[A-Za-z]+$/.test(token)
  const pattern = isPlainWord
    ? String.raw`["'\`]${escaped}["'\`]`
    : String.raw`(?<![\w:/.-])${escaped}(?![\w:/-])`
  return new RegExp(pattern).test(sentence)
}

/**
 * Errors that a request without `prompt` would get, too. `access_denied` is the decision of the user.
 */
const notAboutPrompt: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_scope',
  'invalid_target',
  'invalid_client',
  'unauthorized_client',
  'unsupported_response_type',
  'temporarily_unavailable',
])

function mayConcernPrompt({ at, error, clientRefused }: SignInRefusal): boolean {
  if (at !== 'authorization-response' || clientRefused === true) return false
  return error !== undefined && !notAboutPrompt.has(error)
}
