import type { BearerChallenge } from '@evergrant/core'
import type { AppliedFallback } from '@evergrant/core/authorization'
import { explainMissingRefreshToken } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import type { RecordStore } from '../stores/store.ts'
import type { PlannedSignIn } from './prepare-sign-in.ts'
import type { StoredChallenge, StoredSignIn } from './sign-in-records.ts'
import { signInRecord, signInsUnderWayRecord, signInTurn } from './sign-in-records.ts'
import type { SessionContext } from './session-context.ts'
import { requestsScope } from './sign-in-coverage.ts'

/** How long an authorization URL is returned again, and its response is accepted. */
const signInLifetimeSeconds = 600
/** How long a refusal changes the next request, if the user does not finish it. */
const refusalLifetimeSeconds = 24 * 3600
/** Unfinished sign-ins of one user at one server. More are not needed: the oldest is removed. */
const maximumUnderWay = 8

/** An unfinished sign-in. */
export interface SignInUnderWay {
  readonly authorizationUrl: string | undefined
  readonly requestedScope: string | undefined
  readonly issuer: string
  readonly resource: string
}

/** Sign-ins that one request starts and a later one finishes, perhaps on another machine. */
export interface RedirectSignIns {
  /**
   * The unfinished sign-in that new calls join. Without an authorization URL, it requests too little
   * scope for the challenge: the next request keeps that scope and adds to it.
   */
  underWay(challenge: BearerChallenge | undefined): Promise<SignInUnderWay | undefined>
  /** What the authorization server refused in the sign-in that the user repeats, if any. */
  fallbacks(): Promise<readonly AppliedFallback[]>
  /** Stores what the response requires. Returns the authorization URL. */
  begin(signIn: PlannedSignIn, challenge: BearerChallenge | undefined): Promise<string>
  /**
   * Takes the sign-in that a callback belongs to. A code can be exchanged once, so only one of
   * several concurrent callers gets the sign-in.
   *
   * @throws EvergrantClientError `AUTHORIZATION_RESPONSE_INVALID`
   */
  take(callbackUrl: string): Promise<StoredSignIn>
  /** Removes the sign-in from the list, so that the next one gets a new URL. */
  finished(state: string): Promise<void>
  /** Like `finished`, and lets the next request leave out what the server refused. */
  refused(state: string, fallbacks: readonly AppliedFallback[]): Promise<void>
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
   * Removes sign-ins whose responses are no longer accepted. Otherwise their PKCE verifiers would
   * stay in the store forever.
   *
   * @returns The states of the sign-ins that no longer exist.
   */
  async function removeOver(states: readonly string[]): Promise<ReadonlySet<string>> {
    const over = new Set<string>()
    const tooMany = states.length - maximumUnderWay
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
      const { scope: requestedScope, issuer, resource } = stored.pending
      const isEnough = requestsScope(requestedScope, challenge)
      const authorizationUrl = isEnough ? stored.authorizationUrl : undefined
      return { authorizationUrl, requestedScope, issuer, resource }
    },
    async fallbacks() {
      const { value: turn } = await (await underWayRecord()).read()
      const { refused } = turn ?? {}
      if (refused === undefined) return []
      const age = clock.nowEpochSeconds() - refused.atEpochSeconds
      return age > refusalLifetimeSeconds ? [] : refused.fallbacks
    },
    async begin({ binding, plan, fallbacks }, challenge) {
      const { pending, authorizationUrl } = plan.request
      const { clientIsNew } = plan
      const noRefreshTokenReason = explainMissingRefreshToken(plan.decision)
      const { state } = pending
      const turn = await underWayRecord()
      const { value: before } = await turn.read()
      const over = await removeOver(before?.states ?? [])
      // List it before storing it: a crash in between leaves a name, not a verifier.
      await turn.update((underWay) => ({
        ...underWay,
        current: state,
        states: [...(underWay?.states ?? []).filter((one) => !over.has(one)), state],
      }))
      const record = await signInRecord(store, state)
      await record.put({
        binding,
        pending,
        authorizationUrl,
        noRefreshTokenReason,
        fallbacks,
        clientIsNew,
        ...(challenge === undefined ? {} : { challenge: storedChallenge(challenge) }),
      })
      return authorizationUrl
    },
    async take(callbackUrl) {
      const record = await signInRecord(store, stateOf(callbackUrl) ?? '')
      const { value: stored } = await record.read()
      if (stored === undefined) throw noSuchSignIn()
      if (stored.binding.partition !== partition || stored.binding.serverUrl !== serverUrl) {
        throw new EvergrantClientError(
          'AUTHORIZATION_RESPONSE_INVALID',
          'The authorization response belongs to the sign-in of another user or MCP server. It was not used. Pass it to the session that it belongs to.',
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
    async refused(state, fallbacks) {
      const turn = await underWayRecord()
      await turn.update((underWay) => ({
        states: (underWay?.states ?? []).filter((one) => one !== state),
        refused: { fallbacks, atEpochSeconds: clock.nowEpochSeconds() },
      }))
    },
  }
}

function storedChallenge({
  scheme,
  error,
  scope,
  resource_metadata,
}: BearerChallenge): StoredChallenge {
  return {
    scheme,
    ...(error === undefined ? {} : { error }),
    ...(scope === undefined ? {} : { scope }),
    ...(resource_metadata === undefined ? {} : { resource_metadata }),
  }
}

/**
 * Finds the server and the user that a callback URL belongs to, so that a host can open the right
 * session.
 *
 * @param callbackUrl - The redirect URI with the parameters of the response, as it was received.
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
    'The authorization response belongs to no unfinished sign-in: it was used already, has expired, or was forged. Start the sign-in again.',
  )
}
