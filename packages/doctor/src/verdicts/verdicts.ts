import type { Forecast } from '../forecast/forecast-sign-in.ts'
import type { ProductFacts } from '../forecast/product-facts.ts'
import { measuredFacts } from '../forecast/measured-facts.ts'
import { factsOf } from '../forecast/product-facts.ts'
import type { Measurement } from '../observations/measurement.ts'
import type { ClientBehavior } from './client-behaviors.ts'
import { clientBehaviors } from './client-behaviors.ts'

/** What the user of a client will experience at this deployment. */
export interface Verdict {
  readonly client: string
  readonly version: string
  readonly signIn: 'works' | 'needs-a-registered-client' | 'fails' | 'not-needed'
  /** The rule whose fault stops the sign-in. */
  readonly because?: string
  readonly refreshToken: 'probably' | 'probably-not' | 'unknown' | 'not-applicable'
  /** What happens when access tokens expire, in one sentence. */
  readonly expiry: string
  /** How the behavior of the client was measured. */
  readonly method: string
}

/** What the verdicts are made from. */
export interface VerdictInput {
  /** The rules that are broken, the first step first. */
  readonly brokenRules: readonly string[]
  /** `unknown`: the server failed or redirected, so it could not be found out. */
  readonly requiresSignIn: 'yes' | 'no' | 'unknown'
  readonly forecast: Forecast | undefined
  readonly measurement?: Measurement | undefined
}

/** Says for each measured client what it will experience here, as far as that is known. */
export function decideVerdicts(input: VerdictInput): readonly Verdict[] {
  return clientBehaviors
    .map((behavior) => verdictOf(behavior, input))
    .filter((verdict) => verdict !== undefined)
}

function verdictOf(
  behavior: ClientBehavior,
  { brokenRules, requiresSignIn, forecast, measurement }: VerdictInput,
): Verdict | undefined {
  const { name, version, method, stopsAt } = behavior
  const shared = { client: name, version, method }
  // Clients that refuse without PKCE in the metadata make an exception for products that have it.
  const passed = new Set(forecast?.request.pkce === 'S256' ? [byHand, withoutPkce] : [byHand])
  const stop = brokenRules.find((rule) => stopsAt.includes(rule) && !passed.has(rule))
  if (stop !== undefined) {
    return {
      ...shared,
      signIn: 'fails',
      because: stop,
      refreshToken: 'not-applicable',
      expiry: 'The client does not get as far as a sign-in.',
    }
  }
  if (requiresSignIn === 'unknown') return undefined
  if (requiresSignIn === 'no') {
    return {
      ...shared,
      signIn: 'not-needed',
      refreshToken: 'not-applicable',
      expiry: 'There are no tokens that expire.',
    }
  }
  const known =
    forecast === undefined ? undefined : factsOf(forecast.issuer, forecast.product?.id ?? '', false)
  const facts = measurement === undefined ? known : measuredFacts(measurement, known)
  const refreshToken = outlookOf(behavior, forecast, facts)
  return {
    ...shared,
    signIn: brokenRules.includes(byHand) ? 'needs-a-registered-client' : 'works',
    ...(brokenRules.includes(byHand) ? { because: byHand } : {}),
    refreshToken,
    expiry: expiryOf(behavior, refreshToken, facts),
  }
}

const byHand = 'no-automatic-registration'
const withoutPkce = 'pkce-not-advertised'

function outlookOf(
  { requestsOfflineAccess, declaresRefreshGrant }: ClientBehavior,
  forecast: Forecast | undefined,
  facts: ProductFacts | undefined,
): Verdict['refreshToken'] {
  if (forecast === undefined) return 'unknown'
  const { outlook } = forecast.refreshToken
  if (outlook !== 'probably') return outlook
  const needed = facts?.refreshTokenFor?.value
  if (needed === 'always') return 'probably'
  if (needed === 'access-type')
    return requestsOfflineAccess === 'where-listed' ? 'probably' : 'probably-not'
  if (needed === 'grant-type') return declaresRefreshGrant === 'yes' ? 'probably' : 'unknown'
  if (requestsOfflineAccess !== 'never') return 'probably'
  // Without the scope: sure at products that need it, otherwise the decision of the server.
  return needed === undefined ? 'unknown' : 'probably-not'
}

function expiryOf(
  { concurrentRefreshes }: ClientBehavior,
  refreshToken: Verdict['refreshToken'],
  facts: ProductFacts | undefined,
): string {
  if (refreshToken === 'probably-not') {
    return 'The user signs in again whenever the access token expires.'
  }
  const strict = facts?.reuse?.value === 'family-revoked' && (facts.graceSeconds?.value ?? 0) === 0
  const forgiving = (facts?.graceSeconds?.value ?? 0) > 0
  const lenient =
    forgiving || facts?.reuse?.value === 'accepted' || facts?.rotation?.value === 'keeps'
  if (concurrentRefreshes === 'one') {
    return 'One refresh for all calls and processes. The user stays signed in until the server ends the grant.'
  }
  if (concurrentRefreshes === 'one-after-another') {
    return strict
      ? 'Calls of one process refresh one after another. Two processes that share a sign-in can end it.'
      : 'Calls of one process refresh one after another.'
  }
  if (strict) {
    return 'Each call that sees an expired token refreshes. The second refresh counts as theft and ends the grant.'
  }
  return lenient
    ? 'Each call that sees an expired token refreshes. This server accepts that.'
    : 'Each call that sees an expired token refreshes. If the server rotates without a grace, that ends the grant.'
}
