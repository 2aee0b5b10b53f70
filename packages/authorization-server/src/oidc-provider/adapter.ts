import { hash } from 'node:crypto'
import { errors, Provider } from 'oidc-provider'
import type { Adapter, AdapterPayload, KoaContextWithOIDC } from 'oidc-provider'
import { AuthorizationServerError } from '../lib/errors.ts'
import { successorRecord } from '../rotation/redemption.ts'
import { decideRotation, refreshTokenId } from '../rotation/rotation-rule.ts'
import type {
  PresentationVerdict,
  RefreshTokenLifetimes,
  RefreshTokenRecord,
  RefreshTokenStore,
  ReuseReason,
} from '../rotation/rotation-rule.ts'
import type { StoredArtifact } from './artifacts.ts'
import { asClientAdapter, keepingRegistration } from './registrations.ts'
import type { RegistrationDependencies } from './registrations.ts'

/** Models whose ids name a thing and open nothing. Every other id is a credential. */
const publicIds = new Set(['Client', 'Grant'])

/** Models that end with their grant. */
const grantModels = ['AccessToken', 'AuthorizationCode'] as const

/** How a refresh token that was presented and found good was answered. */
export type Redeemed = 'rotated' | 'replayed' | 'kept'

export interface AdapterDependencies extends RegistrationDependencies {
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  readonly lifetimes: RefreshTokenLifetimes
  readonly graceSeconds: number
  readonly overlapSeconds: number
  /** Upper bound the issuance decision of this request set for a new family. */
  readonly maximumLifetimeSeconds: (context: object) => number | undefined
  readonly onRedeemed: (record: RefreshTokenRecord<AdapterPayload>, outcome: Redeemed) => void
  readonly onReuse: (record: RefreshTokenRecord<AdapterPayload>, reason: ReuseReason) => void
}

/** Deletes a grant with everything issued under it, which is a family and its surroundings. */
export async function endGrant(
  { artifacts, refreshTokens }: Pick<AdapterDependencies, 'artifacts' | 'refreshTokens'>,
  grantId: string,
): Promise<void> {
  await Promise.all([
    refreshTokens.revokeFamily(grantId),
    artifacts.delete('Grant', grantId),
    ...grantModels.map(async (model) => await artifacts.deleteByGrant(model, grantId)),
  ])
}

/** The two stores, as the engine uses them. */
export interface Adapters {
  /** The engine's storage interface; hashes ids before they get to a store. */
  readonly adapterFor: (model: string) => Adapter
  /** Whether the refresh token that this request presented is given back, not exchanged. */
  readonly keepsPresented: (context: object) => Promise<boolean>
}

export function createAdapters(dependencies: AdapterDependencies): Adapters {
  const presentations = new WeakMap<object, Presentation>()
  const refreshTokenAdapter = createRefreshTokenAdapter(dependencies, presentations)
  return {
    adapterFor(model) {
      if (model === 'RefreshToken') return refreshTokenAdapter
      if (model === 'ReplayDetection') return createReplayAdapter(model, dependencies)
      const adapter = createArtifactAdapter(model, dependencies)
      if (model === 'Client') return asClientAdapter(adapter, dependencies)
      if (model === 'Grant') return keepingRegistration(adapter, dependencies)
      return adapter
    },
    async keepsPresented(context) {
      const presentation = presentations.get(context)
      if (presentation?.verdict.action !== 'keep') return false
      const { record } = presentation
      if (record.firstUsedAtEpochSeconds === undefined) {
        await dependencies.refreshTokens.markUsed(record.id, dependencies.nowEpochSeconds())
      }
      dependencies.onRedeemed(record, 'kept')
      return true
    },
  }
}

function createArtifactAdapter(model: string, dependencies: AdapterDependencies): Adapter {
  const { artifacts, nowEpochSeconds } = dependencies
  const isPublic = publicIds.has(model)
  const storageId = (id: string) => (isPublic ? id : hash('sha256', id, 'base64url'))

  return {
    async upsert(id, payload, expiresIn) {
      const { jti: _jti, ...rest } = payload
      await artifacts.put(model, storageId(id), {
        payload: isPublic ? payload : withoutCookie(rest),
        expiresAtEpochSeconds: expiresIn === undefined ? undefined : nowEpochSeconds() + expiresIn,
        grantId: payload.grantId,
        lookupKey: payload.uid ?? payload.userCode,
      })
    },
    async find(id) {
      const artifact = await artifacts.find(model, storageId(id))
      return artifact === undefined ? undefined : { ...fromArtifact(artifact), jti: id }
    },
    // The id cannot be restored from its hash. The engine only reads what it finds this way.
    async findByUid(uid) {
      const artifact = await artifacts.findByLookupKey(model, uid)
      return artifact === undefined ? undefined : fromArtifact(artifact)
    },
    async findByUserCode(userCode) {
      const artifact = await artifacts.findByLookupKey(model, userCode)
      return artifact === undefined ? undefined : fromArtifact(artifact)
    },
    // The engine looks first and consumes later; whoever loses the race in between must not go on.
    async consume(id) {
      if (await artifacts.consume(model, storageId(id), nowEpochSeconds())) return
      throw new errors.InvalidGrant('already used by a concurrent request')
    },
    async destroy(id) {
      await artifacts.delete(model, storageId(id))
    },
    async revokeByGrantId(grantId) {
      await artifacts.deleteByGrant(model, grantId)
    },
  }
}

/**
 * What may be used once: DPoP proofs and client assertions. The engine looks for one and stores it
 * later, so two requests could both find nothing and go on. Here it always finds nothing, and
 * storing it is what one request does and the others fail at.
 */
function createReplayAdapter(model: string, dependencies: AdapterDependencies): Adapter {
  const { artifacts, nowEpochSeconds } = dependencies
  const authenticated = new WeakSet()
  return {
    ...createArtifactAdapter(model, dependencies),
    async find() {
      return undefined
    },
    async upsert(id, { jti: _jti, ...payload }, expiresIn) {
      const context = Provider.ctx
      // Who sends both authenticates first.
      const isAssertion =
        context?.oidc.params?.['client_assertion'] !== undefined && !authenticated.has(context)
      if (context !== undefined) authenticated.add(context)
      const isFirst = await artifacts.add(model, hash('sha256', id, 'base64url'), {
        payload,
        // A proof may be dated ahead by as much as the engine keeps it, and is good for as long
        // again.
        expiresAtEpochSeconds:
          expiresIn === undefined ? undefined : nowEpochSeconds() + 2 * expiresIn,
      })
      if (isFirst) return
      if (isAssertion) throw new errors.InvalidClientAuth('client assertion was used already')
      // RFC 9449 §5. The engine says invalid_grant, for which clients give up a good refresh token.
      throw new errors.InvalidDpopProof('DPoP proof was used already')
    },
  }
}

function fromArtifact({ payload, consumedAtEpochSeconds }: StoredArtifact): AdapterPayload {
  return consumedAtEpochSeconds === undefined
    ? payload
    : { ...payload, consumed: consumedAtEpochSeconds }
}

/** An interaction carries the session's cookie value along, and nothing ever reads it. */
function withoutCookie(payload: AdapterPayload): AdapterPayload {
  const { session } = payload
  if (session === undefined) return payload
  return { ...payload, session: { ...session, cookie: '' } }
}

/** What one request found out about the refresh token it presented. */
interface Presentation {
  readonly record: RefreshTokenRecord<AdapterPayload>
  readonly verdict: PresentationVerdict
}

function createRefreshTokenAdapter(
  dependencies: AdapterDependencies,
  presentations: WeakMap<object, Presentation>,
): Adapter {
  const { refreshTokens, lifetimes, graceSeconds, overlapSeconds, nowEpochSeconds } = dependencies

  async function judge(record: RefreshTokenRecord<AdapterPayload>): Promise<PresentationVerdict> {
    const successor =
      record.successorId === undefined ? undefined : await refreshTokens.find(record.successorId)
    return decideRotation(record, successor, nowEpochSeconds(), {
      graceSeconds,
      overlapSeconds,
    })
  }

  async function insertFirst(
    id: string,
    payload: AdapterPayload,
    context: KoaContextWithOIDC | undefined,
  ) {
    const { jti: _jti, grantId: familyId, ...data } = payload
    if (familyId === undefined) throw new TypeError('A refresh token must belong to a grant')
    const issuedAtEpochSeconds = nowEpochSeconds()
    const maximum = context === undefined ? undefined : dependencies.maximumLifetimeSeconds(context)
    const familyExpiresAtEpochSeconds =
      issuedAtEpochSeconds +
      Math.min(lifetimes.absoluteSeconds, maximum ?? Number.POSITIVE_INFINITY)
    await refreshTokens.insert({
      id: refreshTokenId(id),
      familyId,
      issuedAtEpochSeconds,
      expiresAtEpochSeconds: Math.min(
        issuedAtEpochSeconds + lifetimes.idleSeconds,
        familyExpiresAtEpochSeconds,
      ),
      familyExpiresAtEpochSeconds,
      // The engine forgets it with the code; decisions about the grant are made by it later, too.
      data: { ...data, redirectUri: context?.oidc.entities.AuthorizationCode?.redirectUri },
    })
  }

  async function supersede(id: string, payload: AdapterPayload, presented: Presentation['record']) {
    const { jti: _jti, grantId: _grantId, ...data } = payload
    const now = nowEpochSeconds()
    const { redirectUri } = presented.data
    const successor = {
      ...successorRecord(presented, id, now, lifetimes),
      data: { ...data, redirectUri },
    }
    const result = await refreshTokens.supersede(presented.id, successor, now)
    if (result === 'missing') throw new errors.InvalidGrant('refresh token was revoked meanwhile')
    if (result === 'superseded') {
      dependencies.onRedeemed(presented, 'rotated')
      return
    }
    // Another request was first. It wrote the same successor, so there is nothing to write; but
    // that successor may have been used by now, and then this presentation is reuse.
    const current = await refreshTokens.find(presented.id)
    if (current === undefined) throw new errors.InvalidGrant('refresh token was revoked meanwhile')
    const verdict = await judge(current)
    if (verdict.action === 'revoke-family') {
      await endGrant(dependencies, presented.familyId)
      dependencies.onReuse(presented, verdict.reason)
      throw new errors.InvalidGrant('refresh token already used')
    }
    dependencies.onRedeemed(presented, 'replayed')
  }

  return {
    async upsert(id, payload) {
      const context = Provider.ctx
      const rotated = context?.oidc.entities.RotatedRefreshToken
      if (rotated === undefined && (payload.rotations ?? 0) === 0) {
        await insertFirst(id, payload, context)
        return
      }
      const presented = context === undefined ? undefined : presentations.get(context)?.record
      // Stored as a first token, it would give its family another life, and leave the predecessor
      // good: neither age nor reuse would end either.
      if (presented === undefined || presented.id !== refreshTokenId(rotated?.jti ?? '')) {
        throw new AuthorizationServerError(
          'ENGINE_NOT_SUPPORTED',
          'A refresh token was rotated that its request had not looked up through the adapter of ' +
            'the binding, so its predecessor is not known. It was not stored, and the presented ' +
            'token is as good as before. Pass configuration.adapter on as it is, without a cache ' +
            'around it, and install a version of oidc-provider in the peer range of this package.',
        )
      }
      await supersede(id, payload, presented)
    },

    async find(id) {
      const record = await refreshTokens.find(refreshTokenId(id))
      if (record === undefined) return undefined
      const payload = {
        ...record.data,
        jti: id,
        grantId: record.familyId,
        exp: record.expiresAtEpochSeconds,
      }
      const consumed = record.supersededAtEpochSeconds
      const context = Provider.ctx
      // Only the token endpoint honours a superseded token again. Introspection must not call
      // it active, and revocation takes it either way.
      if (context?.oidc.route !== 'token') {
        return consumed === undefined ? payload : { ...payload, consumed }
      }
      const verdict = await judge(record)
      presentations.set(context, { record, verdict })
      if (verdict.action !== 'revoke-family') return payload
      // The engine looks at expiry first, and reuse has to come out as long as the family lives.
      return { ...payload, consumed, exp: record.familyExpiresAtEpochSeconds }
    },

    // Superseding waits for upsert, where the successor is known: both are one transaction there,
    // so a crash between the two cannot leave a token that is spent and leads nowhere.
    async consume() {},

    async destroy(id) {
      const record = await refreshTokens.find(refreshTokenId(id))
      if (record !== undefined) await refreshTokens.revokeFamily(record.familyId)
    },

    async revokeByGrantId(grantId) {
      await refreshTokens.revokeFamily(grantId)
      const presentation = Provider.ctx === undefined ? undefined : presentations.get(Provider.ctx)
      if (presentation?.verdict.action === 'revoke-family') {
        dependencies.onReuse(presentation.record, presentation.verdict.reason)
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
}
