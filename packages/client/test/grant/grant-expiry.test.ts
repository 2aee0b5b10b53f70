import { expect, test } from 'vitest'
import type { ManagedScene } from '../support/managed-grant.ts'
import { lifetimeSeconds, managedScene } from '../support/managed-grant.ts'
import { scene } from '../support/signed-in-session.ts'

const day = 86_400

/** Refreshes with a response that has these members, and returns the warnings so far. */
async function refreshedWith(
  it: ManagedScene,
  fields: Readonly<Record<string, number>>,
): Promise<readonly unknown[]> {
  it.as.faults.token.push({ kind: 'merge', fields })
  // Each time another process over the same store.
  await (await it.manager()).getAccessToken()
  return it.events.flatMap((event) =>
    event.type === 'grant-expiring' ? [[event.expires, event.remainingSeconds / day]] : [],
  )
}

test(
  'grant expiry: one warning comes seven days, three days and one day before the authorization ends',
  { tags: ['C-58'] },
  async () => {
    await using it = await managedScene()
    const warnings: (readonly unknown[])[] = []
    for (let remaining = 10; remaining > 0; remaining -= 0.5) {
      it.clock.advanceSeconds(day / 2)
      const authorization_expires_in = Math.round((remaining - 0.5) * day)
      warnings.push(await refreshedWith(it, { authorization_expires_in }))
    }
    expect(warnings.at(-1)).toEqual([
      ['authorization', 7],
      ['authorization', 3],
      ['authorization', 1],
    ])
  },
)

test(
  'grant expiry: a refresh token whose end moves with each refresh causes no warning',
  { tags: ['C-58'] },
  async () => {
    await using it = await managedScene()
    for (let refreshes = 0; refreshes < 4; refreshes += 1) {
      it.clock.advanceSeconds(day)
      expect(await refreshedWith(it, { refresh_expires_in: 2 * day })).toEqual([])
    }
  },
)

test(
  'grant expiry: a renewed authorization is warned about again',
  { tags: ['C-58'] },
  async () => {
    await using it = await managedScene()
    const renewed = [2 * day, 60 * day, 2 * day]
    let warnings: readonly unknown[] = []
    for (const authorization_expires_in of renewed) {
      it.clock.advanceSeconds(lifetimeSeconds)
      warnings = await refreshedWith(it, { authorization_expires_in })
    }
    expect(warnings).toHaveLength(2)
  },
)

test(
  'grant expiry: the status names both ends and the members that announced them',
  { tags: ['C-58'] },
  async () => {
    await using it = await scene()
    it.as.faults.token.push({
      kind: 'merge',
      fields: { refresh_token_timeout: 7 * day, authorization_expires_in: 10 * day },
    })
    await it.session().signIn()
    const now = it.clock.nowEpochSeconds()
    expect(await it.session().status()).toMatchObject({
      refreshTokenExpiry: {
        atEpochSeconds: now + 7 * day,
        source: 'refresh_token_timeout',
        isFixed: false,
      },
      authorizationExpiry: {
        atEpochSeconds: now + 10 * day,
        source: 'authorization_expires_in',
        isFixed: true,
      },
    })
    expect(it.events.some(({ type }) => type === 'grant-expiring')).toBe(false)
  },
)

test(
  'grant expiry: a server that says nothing leaves the ends unknown',
  { tags: ['C-58'] },
  async () => {
    await using it = await scene()
    await it.session().signIn()
    const status = await it.session().status()
    expect(status).not.toHaveProperty('refreshTokenExpiry')
    expect(status).not.toHaveProperty('authorizationExpiry')
  },
)
