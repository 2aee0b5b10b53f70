import type { ProviderProfile } from '@evergrant/core/providers'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Grant } from '../grant/grant.ts'
import { recordId } from '../grant/grant.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import { revokeToken } from '../protocol/revocation-request.ts'
import type { RecordStore } from '../stores/store.ts'
import type { ProfileOf } from './provider-profile.ts'
import { profileChooser } from './provider-profile.ts'
import type { Binding } from './records.ts'
import type { PendingRevocation } from './sign-in-records.ts'
import { revocationRecord } from './sign-in-records.ts'
import { currentRegistration } from './current-registration.ts'
import { forgetRegistration } from './registration.ts'

/** After this time, a token that could not be revoked is dropped. */
const giveUpAfterSeconds = 30 * 24 * 3600

/** What revoking needs. */
export interface RevocationContext {
  readonly store: RecordStore
  readonly clock: Clock
  readonly http: HttpOptions
  readonly profileOf: ProfileOf
  /** Absent if the configuration of the application is not known. Then the stored one is used. */
  readonly client?: ClientConfiguration | undefined
}

/** The state of a revocation. */
export type RevocationState = 'revoked' | 'pending' | 'not-supported' | 'refused'

/**
 * Records that the tokens of a grant are to be revoked. Revoking the refresh token, if there is one,
 * ends the grant.
 *
 * @returns The ID of the record, or `undefined` if there is nothing to revoke.
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
 * Revokes tokens that will not be used, now or later. It never throws. If the store cannot record
 * the revocation, it is tried once.
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
  { clock, http, client, profileOf }: RevocationContext,
): ReturnType<typeof revokeToken> {
  const { authorizationServer } = binding
  return await revokeToken(token, hint, {
    authorizationServer,
    registration: currentRegistration(binding, client),
    profile: profileOf(authorizationServer.issuer),
    clock,
    ...http,
  })
}

/**
 * Records that a token is to be revoked. From then on it will be revoked, even if this process dies
 * or the server does not answer now (C-57).
 *
 * @returns The ID of the record.
 */
async function noteRevocation(
  revocation: PendingRevocation,
  context: RevocationContext,
): Promise<string> {
  const id = await recordId(['revocation', revocation.authorizationServer.issuer, revocation.token])
  await revocationRecord(context.store, id).put(revocation)
  return id
}

/** Revokes a recorded token. The record stays if a later attempt can succeed. */
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
  if (result.outcome === 'refused' && result.clientUnknown) await forgetClient(revocation, context)
  return result.outcome === 'unavailable' ? 'refused' : result.outcome
}

/** The server does not know the client, so the next sign-in must register again (C-41). */
async function forgetClient(
  { authorizationServer, registration }: PendingRevocation,
  { client, store }: RevocationContext,
): Promise<void> {
  if (client === undefined || registration.origin !== 'dynamic') return
  await forgetRegistration(authorizationServer.issuer, { client, store }, registration.clientId)
}

/** Options of {@link retryRevocations}. */
export interface RetryRevocationsOptions
  extends Pick<RevocationContext, 'client' | 'clock'>, HttpOptions {
  readonly profileFor?: ((issuer: string) => ProviderProfile | undefined) | undefined
}

/**
 * Revokes the tokens of earlier sign-outs whose servers did not answer. Call it when the program
 * starts, or regularly.
 *
 * @param options.client - The same as for the sessions, so that a rotated secret is used.
 * @param options.profileFor - Chooses the profile of an authorization server. Default: the profile
 *   for its issuer.
 * @returns How many revocations were settled, and how many are pending.
 */
export async function retryRevocations(
  store: RecordStore,
  options: RetryRevocationsOptions,
): Promise<{ readonly settled: number; readonly pending: number }> {
  const { client, clock, profileFor, ...http } = options
  const context = { store, client, clock, http, profileOf: profileChooser(profileFor) }
  let settled = 0
  let pending = 0
  for await (const id of store.list('revocation')) {
    const state = await settleRevocation(id, context).catch((error: unknown) => {
      // An unreadable record, for example of a later version, must not block the others.
      if (EvergrantClientError.is(error) && error.code === 'RECORD_UNREADABLE') return 'pending'
      throw error
    })
    if (state === 'pending') pending += 1
    else settled += 1
  }
  return { settled, pending }
}
