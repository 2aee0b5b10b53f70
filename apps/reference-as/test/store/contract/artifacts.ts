import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import { expect, test } from 'vitest'

interface OpenedArtifacts extends AsyncDisposable {
  readonly store: { readonly artifacts: ArtifactStore }
}

export function artifactContract(open: () => Promise<OpenedArtifacts>): void {
  test('artifacts: of many concurrent consumers, one succeeds', { tags: ['A-05'] }, async () => {
    await using opened = await open()
    const { artifacts } = opened.store
    await artifacts.put('AuthorizationCode', 'id', { payload: { scope: 'a' } })
    const outcomes = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, at) => await artifacts.consume('AuthorizationCode', 'id', at),
      ),
    )
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await artifacts.consume('AuthorizationCode', 'missing', 1)).toBe(false)
    expect(await artifacts.find('AuthorizationCode', 'id')).toMatchObject({
      consumedAtEpochSeconds: outcomes.indexOf(true),
    })
  })

  test('artifacts: of many concurrent inserts, one succeeds', { tags: ['A-05'] }, async () => {
    await using opened = await open()
    const { artifacts } = opened.store
    const outcomes = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, at) =>
          await artifacts.add('ReplayDetection', 'id', {
            payload: { iss: 'client' },
            expiresAtEpochSeconds: 1000 + at,
          }),
      ),
    )
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await artifacts.find('ReplayDetection', 'id')).toEqual({
      payload: { iss: 'client' },
      expiresAtEpochSeconds: 1000 + outcomes.indexOf(true),
    })
    expect(await artifacts.add('ReplayDetection', 'other', { payload: {} })).toBe(true)
    expect(await artifacts.add('Session', 'id', { payload: {} })).toBe(true)
    await artifacts.delete('ReplayDetection', 'id')
    expect(await artifacts.add('ReplayDetection', 'id', { payload: {} })).toBe(true)
  })

  test('artifacts: are returned as stored, and can be replaced', { tags: ['A-05'] }, async () => {
    await using opened = await open()
    const { artifacts } = opened.store
    const artifact = {
      payload: { scope: 'käse \0 \ud83d\ude00 "\'' },
      expiresAtEpochSeconds: 4_294_967_296,
      grantId: 'grant',
      lookupKey: 'key',
      consumedAtEpochSeconds: 7,
    }
    await artifacts.put('Session', 'id', artifact)
    expect(await artifacts.find('Session', 'id')).toEqual(artifact)
    expect(await artifacts.find('Interaction', 'id')).toBeUndefined()
    await artifacts.put('Session', 'id', { payload: { scope: 'b' } })
    expect(await artifacts.findByLookupKey('Session', 'key')).toBeUndefined()
    expect(await artifacts.find('Session', 'id')).toEqual({ payload: { scope: 'b' } })
  })

  test('artifacts: are deleted by grant and model', { tags: ['A-11'] }, async () => {
    await using opened = await open()
    const { artifacts } = opened.store
    for (const model of ['AccessToken', 'AuthorizationCode']) {
      await artifacts.put(model, 'id', { payload: {}, grantId: 'grant', lookupKey: 'key' })
    }
    await artifacts.deleteByGrant('AccessToken', 'grant')
    expect(await artifacts.find('AccessToken', 'id')).toBeUndefined()
    expect(await artifacts.findByLookupKey('AuthorizationCode', 'key')).toBeDefined()
    await artifacts.delete('AuthorizationCode', 'id')
    expect(await artifacts.find('AuthorizationCode', 'id')).toBeUndefined()
  })
}
