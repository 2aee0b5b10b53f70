import { selectProviderProfile } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Grant } from '../grant/grant.ts'
import { recordId } from '../grant/grant.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import { revokeToken } from '../protocol/token-requests.ts'
import type { RecordStore } from '../stores/store.ts'
import { currentRegistration } from './current-registration.ts'
import type { Binding, PendingRevocation } from './records.ts'
import { revocationRecord } from './records.ts'

/** After this time a token that could not be revoked is given up: it has long expired, or never will. */
const giveUpAfterSeconds = 30 * 24 * 3600

/** What revoking works with. */
export interface RevocationContext {
  readonly store: RecordStore
  readonly clock: Clock
  readonly http: HttpOptions
  /** Absent where nobody knows the application's configuration: then what was noted has to do. */
  readonly client?: ClientConfiguration | undefined
}

/** How a token's revocation stands. */
export type RevocationState = 'revoked' | 'pending' | 'not-supported' | 'refused'

/**
 * Notes that a grant's tokens are to be revoked, by its refresh token where it has one: that ends
 * the grant.
 *
 * @returns The note's ID; `undefined` where there is nothing to revoke.
 */
export async function noteTokens(
  grant: Pick<Grant, 'tokenSet'>,
  binding: Binding,
  context: RevocationContext,
): Promise<string | undefined> {
  const revocation = revocationOf(grant, binding, context)
  return revocation && (await noteRevocation(revocation, context))
}

/**
 * Has tokens revoked that nobody will use, now or later. It never throws: where not even a note can
 * be written, it is tried once.
 */
export async function discardTokens(
  grant: Pick<Grant, 'tokenSet'>,
  binding: Binding,
  context: RevocationContext,
): Promise<void> {
  const revocation = revocationOf(grant, binding, context)
  if (revocation === undefined) return
  try {
    await settleRevocation(await noteRevocation(revocation, context), context)
  } catch (error) {
    if (!EvergrantClientError.is(error)) throw error
    await send(revocation, context)
  }
}

function revocationOf(
  { tokenSet }: Pick<Grant, 'tokenSet'>,
  { authorizationServer, registration }: Binding,
  { clock }: RevocationContext,
): PendingRevocation | undefined {
  const token = tokenSet?.refreshToken ?? tokenSet?.accessToken
  if (token === undefined) return undefined
  return {
    token,
    hint: tokenSet?.refreshToken === undefined ? 'access_token' : 'refresh_token',
    authorizationServer,
    registration,
    createdAtEpochSeconds: clock.nowEpochSeconds(),
  }
}

async function send(
  { token, hint, ...binding }: PendingRevocation,
  { clock, http, client }: RevocationContext,
): ReturnType<typeof revokeToken> {
  const { authorizationServer } = binding
  const profile = selectProviderProfile(authorizationServer.issuer)
  return await revokeToken(token, hint, {
    authorizationServer,
    registration: currentRegistration(binding, client),
    profile,
    clock,
    ...http,
  })
}

/**
 * Notes that a token is to be revoked. From here on it is revoked sooner or later, also when this
 * process dies or the server is away (C-57).
 *
 * @returns The note's ID.
 */
async function noteRevocation(
  revocation: PendingRevocation,
  context: RevocationContext,
): Promise<string> {
  const id = await recordId(['revocation', revocation.authorizationServer.issuer, revocation.token])
  await revocationRecord(context.store, id).put(revocation)
  return id
}

/** Revokes a noted token, and removes the note unless it is worth trying again later. */
export async function settleRevocation(
  id: string,
  context: RevocationContext,
): Promise<RevocationState> {
  const record = revocationRecord(context.store, id)
  const { value: revocation } = await record.read()
  if (revocation === undefined) return 'revoked'
  const result = await send(revocation, context)
  const age = context.clock.nowEpochSeconds() - revocation.createdAtEpochSeconds
  if (result.outcome === 'unavailable' && age < giveUpAfterSeconds) return 'pending'
  await record.remove()
  return result.outcome === 'unavailable' ? 'refused' : result.outcome
}

/**
 * Revokes the tokens of all sign-outs that could not be finished when they were asked for. Call it
 * when the program starts, or now and then.
 *
 * @param options.client - As for the sessions: a secret that was rotated meanwhile is used then.
 * @returns How many were settled, and how many are still to be.
 */
export async function retryRevocations(
  store: RecordStore,
  options: Pick<RevocationContext, 'client' | 'clock'> & HttpOptions,
): Promise<{ readonly settled: number; readonly pending: number }> {
  const { client, clock, ...http } = options
  let settled = 0
  let pending = 0
  for await (const id of store.list('revocation')) {
    const state = await settleRevocation(id, { store, client, clock, http }).catch(
      (error: unknown) => {
        // One that cannot be read, say by a version too old for it, keeps no other from being settled.
        if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') return 'pending'
        throw error
      },
    )
    if (state === 'pending') pending += 1
    else settled += 1
  }
  return { settled, pending }
}
