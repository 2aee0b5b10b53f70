import type { AdapterPayload } from 'oidc-provider'
import { expect, test } from 'vitest'
import { refreshTokenId } from '../../src/rotation/successor.ts'
import type { ArtifactStore, FindForRefresh } from '../../src/oidc-provider.ts'
import type { RefreshTokenStore } from '../../src/index.ts'
import { heldAfter, startEngine } from './engine.ts'

/** The engine over a store that reads everything in one step, with the reads of each kind. */
async function startCountingEngine() {
  const reads = { together: 0, refreshToken: 0, artifact: 0 }
  const findForRefresh = (stores: {
    readonly artifacts: ArtifactStore
    readonly refreshTokens: RefreshTokenStore<AdapterPayload>
  }): FindForRefresh => {
    const findToken = stores.refreshTokens.find.bind(stores.refreshTokens)
    const findArtifact = stores.artifacts.find.bind(stores.artifacts)
    Object.assign(stores.refreshTokens, {
      find: async (id: string) => {
        reads.refreshToken += 1
        return await findToken(id)
      },
    })
    Object.assign(stores.artifacts, {
      find: async (model: string, id: string) => {
        reads.artifact += 1
        return await findArtifact(model, id)
      },
    })
    return async (clientId, id) => {
      reads.together += 1
      const refreshToken = await findToken(id)
      return {
        client: await findArtifact('Client', clientId),
        refreshToken,
        grant:
          refreshToken === undefined
            ? undefined
            : await findArtifact('Grant', refreshToken.familyId),
      }
    }
  }
  return { reads, engine: await startEngine({}, undefined, findForRefresh) }
}

test(
  'refresh reads: a refresh reads the token and its grant in one step',
  { tags: ['A-05'] },
  async () => {
    const { reads, engine: opened } = await startCountingEngine()
    await using engine = opened
    expect(await engine.refresh(engine.refreshToken)).toHaveProperty('access_token')
    expect(reads).toEqual({ together: 1, refreshToken: 0, artifact: 0 })
  },
)

test(
  'refresh reads: a replay also reads the successor, and gives it again',
  { tags: ['A-06'] },
  async () => {
    const { reads, engine: opened } = await startCountingEngine()
    await using engine = opened
    const first = await engine.refresh(engine.refreshToken)
    reads.refreshToken = 0
    const again = await engine.refresh(engine.refreshToken)
    expect(again['refresh_token']).toBe(first['refresh_token'])
    expect(reads.together).toBe(2)
    expect(reads.artifact).toBe(0)
  },
)

test(
  'refresh reads: 8 concurrent refreshes give one successor, and reuse after its use revokes the family',
  { tags: ['A-05', 'A-06'] },
  async () => {
    const { engine: opened } = await startCountingEngine()
    await using engine = opened
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await engine.refresh(engine.refreshToken)),
    )
    expect(new Set(answers.map((answer) => answer['refresh_token'])).size).toBe(1)
    const held = heldAfter(answers[0] ?? {}, '')
    expect(await engine.refresh(held)).toHaveProperty('access_token')
    expect(await engine.refresh(engine.refreshToken)).toMatchObject({ error: 'invalid_grant' })
    expect(engine.count('reuse-detected')).toBe(1)
    expect(await engine.refreshTokens.find(refreshTokenId(held))).toBeUndefined()
  },
)

test(
  'refresh reads: an unknown token and a revoked grant are refused',
  { tags: ['A-05', 'A-11'] },
  async () => {
    const { engine: opened } = await startCountingEngine()
    await using engine = opened
    expect(await engine.refresh('unknown')).toMatchObject({ error: 'invalid_grant' })
    await engine.artifacts.delete('Grant', engine.grantId)
    expect(await engine.refresh(engine.refreshToken)).toMatchObject({ error: 'invalid_grant' })
  },
)

test(
  'direct exchange: stores what the engine stores, once',
  { tags: ['A-05', 'A-07'] },
  async () => {
    await using engine = await startEngine()
    const record = await engine.find(engine.refreshToken)
    if (record === undefined) throw new Error('expected a record')
    const before = nowSeconds()
    const exchanged = await engine.exchange(engine.refreshToken, record)
    // The engine reads its clock twice, and a second may end between them.
    const { refresh_token_timeout: timeout = 0 } = exchanged?.lifetime ?? {}
    expect(timeout).toBeLessThanOrEqual(14 * 86_400)
    expect(timeout).toBeGreaterThanOrEqual(14 * 86_400 - (nowSeconds() - before))
    expect(engine.count('rotated')).toBe(1)
    // The record is not live any more, although the caller read it before.
    expect(await engine.exchange(engine.refreshToken, record)).toBeUndefined()
    expect(engine.count('rotated')).toBe(1)
    const direct = await engine.find(exchanged?.refreshToken ?? '')
    const next = await engine.refresh(exchanged?.refreshToken ?? '')
    const byEngine = await engine.find(String(next['refresh_token']))
    expect(Object.keys(direct?.data ?? {}).toSorted()).toEqual(
      Object.keys(byEngine?.data ?? {}).toSorted(),
    )
    const { iat: _iat, exp: _exp, rotations: _rotations, ...same } = direct?.data ?? {}
    expect(byEngine?.data).toMatchObject(same)
    expect([direct?.data['rotations'], byEngine?.data['rotations']]).toEqual([1, 2])
  },
)

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
