import type { BearerChallenge } from '@evergrant/core'
import { explainMissingRefreshToken } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import type { RecordStore } from '../stores/store.ts'
import type { SessionContext } from './current-grant.ts'
import type { Binding, StoredSignIn } from './records.ts'
import { signInRecord, signInsUnderWayRecord, signInTurn } from './records.ts'
import { covers } from './scope-cover.ts'
import type { SignInPlan } from './sign-in-plan.ts'

/** How long the authorization URL is handed out again, and its answer is taken. */
const signInLifetimeSeconds = 600
/** One that asks for wider scope begins beside those before it; nobody comes back to more. */
const mostBeside = 8

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
  finished(state: string): Promise<void>
}

export function redirectSignIns(context: SessionContext): RedirectSignIns {
  const { store, partition, serverUrl, clock } = context

  async function underWayRecord(): Promise<ReturnType<typeof signInsUnderWayRecord>> {
    return signInsUnderWayRecord(store, await signInTurn(partition, serverUrl))
  }

  function isExpired(signIn: StoredSignIn): boolean {
    const age = clock.nowEpochSeconds() - signIn.pending.createdAtEpochSeconds
    return age > signInLifetimeSeconds
  }

  /**
   * Removes those of the sign-ins whose answers are not taken any more: they would stay for good,
   * and with them their PKCE verifiers.
   *
   * @returns The states of those that are gone, now or before.
   */
  async function removeOver(states: readonly string[]): Promise<ReadonlySet<string>> {
    const over = new Set<string>()
    const tooMany = states.length - mostBeside
    for (const [index, state] of states.entries()) {
      const record = await signInRecord(store, state)
      const { value: stored } = await record.read()
      const isOver = stored === undefined || isExpired(stored) || index < tooMany
      if (!isOver) continue
      if (stored !== undefined) await record.remove()
      over.add(state)
    }
    return over
  }

  return {
    async underWay(challenge) {
      const { value: underWay } = await (await underWayRecord()).read()
      if (underWay?.current === undefined) return undefined
      const { value: stored } = await (await signInRecord(store, underWay.current)).read()
      if (stored === undefined || isExpired(stored)) return undefined
      return covers(stored.pending.scope, challenge) ? stored.authorizationUrl : undefined
    },
    async begin(binding, plan) {
      const { pending, authorizationUrl } = plan.request
      const noRefreshTokenReason = explainMissingRefreshToken(plan.decision)
      const { state } = pending
      const turn = await underWayRecord()
      const { value: before } = await turn.read()
      const over = await removeOver(before?.states ?? [])
      // Listed before it is stored: a crash in between leaves a name, not a verifier nobody removes.
      await turn.update((underWay) => ({
        current: state,
        states: [...(underWay?.states ?? []).filter((one) => !over.has(one)), state],
      }))
      const record = await signInRecord(store, state)
      await record.put({ binding, pending, authorizationUrl, noRefreshTokenReason })
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
    async finished(state) {
      const turn = await underWayRecord()
      await turn.update((underWay) => {
        const states = (underWay?.states ?? []).filter((one) => one !== state)
        return states.length === 0 ? undefined : { states }
      })
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
