import { expect, test } from 'vitest'
import { bindRefreshTokens } from '../../src/oidc-provider.ts'
import { adapterOf, slowArtifacts, slowRefreshTokens, startEngine, successorKey } from './engine.ts'

test('replay: of concurrent uses of one proof, one succeeds', { tags: ['A-05'] }, async () => {
  await using engine = await startEngine({ clock: { nowEpochSeconds: () => 1000 } })
  const { ReplayDetection } = engine.provider
  const exp = Math.floor(Date.now() / 1000) + 300
  const use = async (jti: string) => await ReplayDetection.unique('client', jti, exp)
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, async () => await use('a')))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(refused.map((reason) => reason.error)).toEqual(Array(7).fill('invalid_dpop_proof'))
  await expect(use('a')).rejects.toMatchObject({ error: 'invalid_dpop_proof' })
  expect(await use('b')).toBe(true)
})

test(
  'replay: a proof that is dated ahead is remembered for as long as it is good',
  { tags: ['A-05'] },
  async () => {
    const kept: (number | undefined)[] = []
    const artifacts = slowArtifacts()
    const binding = bindRefreshTokens(
      {
        refreshTokens: slowRefreshTokens(),
        artifacts: {
          ...artifacts,
          async add(model, id, artifact) {
            kept.push(artifact.expiresAtEpochSeconds)
            return await artifacts.add(model, id, artifact)
          },
        },
      },
      { successorKey, clock: { nowEpochSeconds: () => 1000 } },
    )
    await adapterOf(binding)('ReplayDetection').upsert('id', { iss: 'client' }, 300)
    expect(kept).toEqual([1600])
  },
)
