import { errors, Provider } from 'oidc-provider'
import type { Adapter, AdapterPayload, KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import { AuthorizationServerError } from '../lib/errors.ts'
import { firstRecord } from '../rotation/first-record.ts'
import { grantLifetime } from '../rotation/grant-lifetime.ts'
import type { GrantLifetime } from '../rotation/grant-lifetime.ts'
import type { RefreshTokenLifetimes } from '../rotation/lifetimes.ts'
import type { Presentation, Redemption } from '../rotation/redemption.ts'
import type { RefreshTokenRecord, RefreshTokenStore } from '../rotation/refresh-token-store.ts'
import type { ReuseReason } from '../rotation/rotation-rule.ts'
import { refreshTokenId } from '../rotation/successor.ts'
import type { RefreshReads } from './stored-for-refresh.ts'

/** What happened to a refresh token that a request presented. */
export type PresentedTokenEvent = { readonly record: RefreshTokenRecord<AdapterPayload> } & (
  | { readonly type: 'rotated' | 'replayed' | 'kept' }
  | { readonly type: 'reuse-detected'; readonly reason: ReuseReason }
)

export interface RefreshTokenAdapterDependencies {
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  readonly redemption: Redemption<AdapterPayload>
  readonly reads: RefreshReads
  readonly lifetimes: RefreshTokenLifetimes
  readonly clock: Clock
  /** Upper bound that the issuance decision of this request set for a new family. */
  readonly maximumLifetimeSeconds: (context: object) => number | undefined
  /** Deletes a grant with everything issued under it. */
  readonly endGrant: (grantId: string) => Promise<void>
  readonly observe: (event: PresentedTokenEvent) => void
}

/** What a request presented. */
type PresentedToken = Presentation<AdapterPayload> & { readonly refreshToken: string }

/** The engine's storage of refresh tokens, over a {@link RefreshTokenStore}. */
export interface RefreshTokenAdapter {
  readonly adapter: Adapter
  /** Whether the refresh token that this request presented is given back, not exchanged. */
  keepsPresented(context: object): Promise<boolean>
  /**
   * The lifetime of the refresh token that this request issued, otherwise of the one that it presented
   * or introspected. `undefined` without such a token.
   */
  lifetimeOf(context: object): GrantLifetime | undefined
}

/**
 * Redeems refresh tokens in the steps of the engine: `find` presents the token, `upsert` of a token
 * with a predecessor exchanges it.
 */
export function createRefreshTokenAdapter(
  dependencies: RefreshTokenAdapterDependencies,
): RefreshTokenAdapter {
  const { refreshTokens, redemption, reads, observe } = dependencies
  /** What each request presented. */
  const presentations = new WeakMap<object, PresentedToken>()
  /** The record that the response of each request is about. */
  const answered = new WeakMap<object, RefreshTokenRecord<AdapterPayload>>()

  function answer(record: RefreshTokenRecord<AdapterPayload>): void {
    if (Provider.ctx !== undefined) answered.set(Provider.ctx, record)
  }

  async function exchange(
    presented: RefreshTokenRecord<AdapterPayload>,
    successor: string,
    payload: AdapterPayload,
  ): Promise<void> {
    const { jti: _jti, grantId: _grantId, ...data } = payload
    const { redirectUri } = presented.data
    const result = await redemption.exchange(presented, successor, { ...data, redirectUri })
    if (result.outcome === 'refused') {
      throw new errors.InvalidGrant(`refresh token is ${result.reason}`)
    }
    if (result.outcome === 'reused') {
      await dependencies.endGrant(presented.familyId)
      observe({ type: 'reuse-detected', record: presented, reason: result.reason })
      throw new errors.InvalidGrant('refresh token already used')
    }
    answer(result.successor)
    observe({ type: result.outcome, record: presented })
  }

  const adapter: Adapter = {
    async upsert(id, payload) {
      const context = Provider.ctx
      const rotated = context?.oidc.entities.RotatedRefreshToken
      if (rotated === undefined && (payload.rotations ?? 0) === 0) {
        const record = firstRecordOf(id, payload, context, dependencies)
        await refreshTokens.insert(record)
        answer(record)
        return
      }
      const presented = context === undefined ? undefined : presentations.get(context)
      if (presented?.record === undefined || presented.refreshToken !== rotated?.jti) {
        throw unknownPredecessor()
      }
      await exchange(presented.record, id, payload)
    },

    async find(id) {
      const context = Provider.ctx
      // Only the token endpoint honors a superseded token again. Introspection must not call it
      // active, and revocation accepts it either way.
      if (context?.oidc.route !== 'token') {
        const record = await refreshTokens.find(refreshTokenId(id))
        if (record === undefined) return undefined
        answer(record)
        return payloadOf(id, record, consumedBy(record))
      }
      const hashed = refreshTokenId(id)
      const read = await reads.refreshToken(hashed)
      const found = read === undefined ? await refreshTokens.find(hashed) : read.found
      const presentation = await redemption.present(found)
      const { action, record } = presentation
      if (record === undefined) return undefined
      presentations.set(context, { ...presentation, refreshToken: id })
      answer(record)
      if (action !== 'revoke-family') return payloadOf(id, record)
      // The engine checks expiry first, and reuse must be detected as long as the family lives.
      const exp = record.familyExpiresAtEpochSeconds
      return payloadOf(id, record, { ...consumedBy(record), exp })
    },

    // Superseding waits for upsert, where the successor is known. Both are one transaction there, so
    // a crash between the two cannot leave a spent token without a successor.
    async consume() {},

    async destroy(id) {
      const record = await refreshTokens.find(refreshTokenId(id))
      if (record !== undefined) await refreshTokens.revokeFamily(record.familyId)
    },

    async revokeByGrantId(grantId) {
      await refreshTokens.revokeFamily(grantId)
      const presentation = Provider.ctx === undefined ? undefined : presentations.get(Provider.ctx)
      if (presentation?.action === 'revoke-family') {
        const { record, reason } = presentation
        observe({ type: 'reuse-detected', record, reason })
      }
    },

    // Refresh tokens have neither a uid nor a user code.
    async findByUid() {
      return undefined
    },
    async findByUserCode() {
      return undefined
    },
  }

  return {
    adapter,
    async keepsPresented(context) {
      const presentation = presentations.get(context)
      if (presentation?.action !== 'keep') return false
      await redemption.keep(presentation.record)
      observe({ type: 'kept', record: presentation.record })
      return true
    },
    lifetimeOf(context) {
      const record = answered.get(context)
      if (record === undefined) return undefined
      return grantLifetime(record, dependencies.clock.nowEpochSeconds())
    },
  }
}

function firstRecordOf(
  refreshToken: string,
  payload: AdapterPayload,
  context: KoaContextWithOIDC | undefined,
  { clock, lifetimes, maximumLifetimeSeconds }: RefreshTokenAdapterDependencies,
): RefreshTokenRecord<AdapterPayload> {
  const { jti: _jti, grantId: familyId, ...data } = payload
  if (familyId === undefined) throw new TypeError('A refresh token must belong to a grant')
  return firstRecord(refreshToken, {
    familyId,
    // The engine forgets it with the code, but later decisions about the grant need it.
    data: { ...data, redirectUri: context?.oidc.entities.AuthorizationCode?.redirectUri },
    nowEpochSeconds: clock.nowEpochSeconds(),
    lifetimes,
    maximumLifetimeSeconds: context === undefined ? undefined : maximumLifetimeSeconds(context),
  })
}

function payloadOf(
  id: string,
  { data, familyId, expiresAtEpochSeconds }: RefreshTokenRecord<AdapterPayload>,
  changes: AdapterPayload = {},
): AdapterPayload {
  return { ...data, jti: id, grantId: familyId, exp: expiresAtEpochSeconds, ...changes }
}

function consumedBy(record: RefreshTokenRecord<AdapterPayload>): AdapterPayload {
  const { supersededAtEpochSeconds: consumed } = record
  return consumed === undefined ? {} : { consumed }
}

/**
 * Stored as a first token, the successor would give its family a second lifetime, and its
 * predecessor would stay good: neither age nor reuse would end either of them.
 */
function unknownPredecessor(): AuthorizationServerError {
  return new AuthorizationServerError(
    'ENGINE_NOT_SUPPORTED',
    'Cannot store a rotated refresh token: its request did not look up the predecessor through the ' +
      "binding's adapter. Nothing was stored, and the presented token stays valid. Pass " +
      'configuration.adapter on unchanged, without a cache around it, and install a version of ' +
      'oidc-provider in the peer range of this package.',
  )
}
