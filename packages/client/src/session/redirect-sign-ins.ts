import type { BearerChallenge } from '@evergrant/core'
import { explainMissingRefreshToken } from '@evergrant/core'
import { EvergrantClientError } from '../errors.ts'
import type { RecordStore } from '../store.ts'
import type { SessionContext } from './current-grant.ts'
import type { Binding, StoredSignIn } from './records.ts'
import { currentSignInRecord, signInRecord, signInTurn } from './records.ts'
import { covers } from './scope-cover.ts'
import type { SignInPlan } from './sign-in-plan.ts'

/** How long the authorization URL is handed out again, and its answer is taken. */
const signInLifetimeSeconds = 600

/** Sign-ins that one request begins and a later one finishes, perhaps on another machine. */
export interface RedirectSignIns {
  /** The authorization URL of a sign-in begun a short while ago, if it asks for enough. */
  underWay(challenge: BearerChallenge | undefined): Promise<string | undefined>
  /** Stores what the answer will need. Returns the authorization URL. */
  begin(binding: Binding, plan: SignInPlan): Promise<string>
  /**
   * The sign-in that a callback belongs to. A code is good for one exchange: of several who bring
   * it, one gets the sign-in.
   *
   * @throws EvergrantClientError `AUTHORIZATION_RESPONSE_INVALID`
   */
  take(callbackUrl: string): Promise<StoredSignIn>
  /** Lets the next sign-in begin with a URL of its own. */
  finished(): Promise<void>
}

export function redirectSignIns(context: SessionContext): RedirectSignIns {
  const { store, partition, serverUrl, clock } = context

  async function current(): Promise<ReturnType<typeof currentSignInRecord>> {
    return currentSignInRecord(store, await signInTurn(partition, serverUrl))
  }

  function isExpired(signIn: StoredSignIn): boolean {
    const age = clock.nowEpochSeconds() - signIn.pending.createdAtEpochSeconds
    return age > signInLifetimeSeconds
  }

  /** Sign-ins that nobody finished would stay for good, and with them their PKCE verifiers. */
  async function removeIfExpired(state: string): Promise<void> {
    const record = await signInRecord(store, state)
    const { value: stored } = await record.read()
    if (stored !== undefined && isExpired(stored)) await record.remove()
  }

  return {
    async underWay(challenge) {
      const { value: state } = await (await current()).read()
      if (state === undefined) return undefined
      const { value: stored } = await (await signInRecord(store, state)).read()
      if (stored === undefined || isExpired(stored)) return undefined
      return covers(stored.pending.scope, challenge) ? stored.authorizationUrl : undefined
    },
    async begin(binding, plan) {
      const { pending, authorizationUrl } = plan.request
      const withoutRefreshToken = explainMissingRefreshToken(plan.decision)
      const record = await signInRecord(store, pending.state)
      await record.put({ binding, pending, authorizationUrl, withoutRefreshToken })
      const turn = await current()
      const { value: stateBefore } = await turn.read()
      await turn.put(pending.state)
      if (stateBefore !== undefined) await removeIfExpired(stateBefore)
      return authorizationUrl
    },
    async take(callbackUrl) {
      const record = await signInRecord(store, stateOf(callbackUrl) ?? '')
      const { value: stored } = await record.read()
      if (stored === undefined) throw noSuchSignIn()
      if (stored.binding.partition !== partition || stored.binding.serverUrl !== serverUrl) {
        throw new EvergrantClientError(
          'AUTHORIZATION_RESPONSE_INVALID',
          'The authorization response belongs to the sign-in of another user or MCP server, and was not used. Hand it to the session it belongs to.',
        )
      }
      if ((await record.take()) === undefined || isExpired(stored)) throw noSuchSignIn()
      return stored
    },
    async finished() {
      await (await current()).remove()
    },
  }
}

/**
 * To which server and user a callback URL belongs, so that a host can open the right session.
 *
 * @param callbackUrl - The redirect URI with the response's parameters, as it was received.
 */
export async function findSignIn(
  store: RecordStore,
  callbackUrl: string,
): Promise<{ readonly serverUrl: string; readonly partition: string } | undefined> {
  const state = stateOf(callbackUrl)
  if (state === undefined) return undefined
  const { value: stored } = await (await signInRecord(store, state)).read()
  return stored === undefined
    ? undefined
    : { serverUrl: stored.binding.serverUrl, partition: stored.binding.partition }
}

function stateOf(callbackUrl: string): string | undefined {
  if (!URL.canParse(callbackUrl)) return undefined
  return new URL(callbackUrl).searchParams.get('state') ?? undefined
}

function noSuchSignIn(): EvergrantClientError {
  return new EvergrantClientError(
    'AUTHORIZATION_RESPONSE_INVALID',
    'The authorization response belongs to no sign-in under way: it was used already, has expired, or was forged. Start the sign-in again.',
  )
}
