import { randomBytes } from 'node:crypto'
import {
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
} from '@evergrant/authorization-server'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { lifetimeMembers, metadata } from '../src/grant-lifetimes.ts'
import { keepFresh } from '../src/keep-fresh.ts'

test('keep-fresh.ts: refreshes a grant that no call uses', { tags: ['C-55'] }, async () => {
  const clock = virtualClock(1_800_000_000)
  await using as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: 600,
  })
  await using server = await startProtectedServer(as, { clock, scopesSupported: ['mcp:read'] })
  const store = memoryStore({ clock })
  const session = createSession(server.resource, {
    store,
    clock,
    client: { name: 'test' },
    signIn: headlessSignIn(),
  })
  await session.signIn()
  const worker = await keepFresh(store, { clock })
  expect(as.refreshRequests()).toBe(0)
  await clock.untilSleeping()
  clock.advanceSeconds(600)
  await expect.poll(() => as.refreshRequests()).toBe(1)
  await worker.stop()
})

test(
  'grant-lifetimes.ts: the members of a token response are those that the metadata lists',
  { tags: ['A-12'] },
  async () => {
    const clock = { nowEpochSeconds: () => 1_800_000_000 }
    const rotation = createRefreshTokenRotation(createMemoryRefreshTokenStore<string>(), {
      successorKey: randomBytes(32),
      overlapSeconds: 0,
      lifetimes: { idleSeconds: 60, absoluteSeconds: 600 },
      clock,
    })
    const result = await rotation.redeem(await rotation.issue('family', 'alice'))
    if (result.outcome !== 'rotated') throw new Error(`expected a rotation, got ${result.outcome}`)
    expect(lifetimeMembers(result.record, clock.nowEpochSeconds())).toEqual({
      refresh_token_timeout: 60,
      authorization_expires_in: 600,
    })
    expect(metadata.refresh_token_expiration_types_supported).toEqual([
      'authorization',
      'token_timeout',
    ])
  },
)
