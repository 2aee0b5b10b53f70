import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import type { TokenManager } from '../../src/index.ts'
import { createTokenManager } from '../../src/index.ts'
import { plainExchange } from '../support/managed-grant.ts'
import type { SharedStoreKind } from '../support/shared-stores.ts'
import { noteMissing, sharedStores } from '../support/shared-stores.ts'
import { skewedClock } from '../support/skewed-clock.ts'

const lifetimeSeconds = 1000
/** How far the clock of each machine is ahead. Two clocks differ by up to 220 s. */
const clockErrorsSeconds = [0, 110, -110, 60, -60, 110, -110, 5]

for (const kind of sharedStores) {
  noteMissing(`${kind.name}: several machines`, kind)

  describe.runIf(kind.url !== undefined)(`${kind.name}: several machines`, () => {
    test(
      'several machines: refresh once for each expiry, even if their clocks differ',
      { tags: ['C-51', 'C-55'] },
      async () => {
        await using it = await scene(kind)
        for (let expiry = 1; expiry <= 10; expiry += 1) {
          await it.advance(lifetimeSeconds)
          const tokens = await Promise.all(
            it.managers.flatMap((manager) => [1, 2, 3].map(() => manager.getAccessToken())),
          )
          expect(new Set(tokens.map((token) => token.value)).size).toBe(1)
          expect(it.as.refreshRequests()).toBe(expiry)
        }
        expect(it.as.isGrantAlive()).toBe(true)
      },
    )

    test(
      'several machines: refresh before the server rejects a token, so no call gets a 401',
      { tags: ['C-51', 'C-55'] },
      async () => {
        await using it = await scene(kind)
        for (let step = 1; step <= 60; step += 1) {
          await it.advance(lifetimeSeconds / 10)
          for (const manager of it.managers) {
            const { value } = await manager.getAccessToken()
            await manager.whenIdle()
            const response = await it.call(value)
            expect(response.status, `step ${step}`).not.toBe(401)
          }
        }
        // Sixty steps of a tenth: the token is due in each ninth step, and is refreshed once.
        expect(it.as.refreshRequests()).toBe(Math.floor(60 / 9))
        expect(it.as.count('token', 'refreshed')).toBe(Math.floor(60 / 9))
      },
    )

    test(
      'several machines: a Retry-After for one machine applies to all of them',
      { tags: ['C-53'] },
      async () => {
        await using it = await scene(kind, { maximumWaitSeconds: 5 })
        it.as.faults.token.push({ kind: 'status', status: 429, headers: { 'retry-after': '300' } })
        await it.advance(lifetimeSeconds)
        const first = it.managers[1]
        await expect(first?.getAccessToken()).rejects.toMatchObject({
          code: 'TEMPORARILY_UNAVAILABLE',
        })
        expect(it.as.refreshRequests()).toBe(1)
        await it.advance(290)
        for (const manager of it.managers) {
          await expect(manager.getAccessToken()).rejects.toMatchObject({
            code: 'TEMPORARILY_UNAVAILABLE',
          })
        }
        expect(it.as.refreshRequests()).toBe(1)
        await it.advance(15)
        await Promise.all(it.managers.map((manager) => manager.getAccessToken()))
        expect(it.as.refreshRequests()).toBe(2)
      },
    )

    test(
      'several machines: a machine that loses its connections does not end the grant',
      { tags: ['C-51', 'C-53'] },
      async () => {
        await using it = await scene(kind)
        for (let expiry = 1; expiry <= 5; expiry += 1) {
          await it.advance(lifetimeSeconds)
          const calls = it.managers.map(async (manager, index) => {
            if (index % 3 === expiry % 3) await it.machines[index]?.cutOff()
            return await manager.getAccessToken().then(
              () => undefined,
              (error: { code?: string }) => error.code,
            )
          })
          const failures = (await it.settled(Promise.all(calls))).filter(
            (code) => code !== undefined,
          )
          for (const code of failures) {
            expect([
              'TOKEN_STORE_UNAVAILABLE',
              'TOKEN_STORE_WRITE_FAILED',
              'TEMPORARILY_UNAVAILABLE',
            ]).toContain(code)
          }
          // The next call of every machine succeeds, and the grant is alive.
          await expect
            .poll(async () => {
              const served = await it.settled(
                Promise.allSettled(it.managers.map((manager) => manager.getAccessToken())),
              )
              return served.every((one) => one.status === 'fulfilled')
            })
            .toBe(true)
          expect(it.as.isGrantAlive()).toBe(true)
        }
      },
    )
  })
}

async function scene(
  kind: SharedStoreKind,
  options: { readonly maximumWaitSeconds?: number } = {},
) {
  const clock = virtualClock(Math.floor(Date.now() / 1000))
  const as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: lifetimeSeconds,
    clients: [{ clientId: 'client-1' }],
    rotation: 'rotate',
    familyRevocation: true,
    // A broken connection can lose a response, which these tests are not about.
    graceSeconds: 60,
  })
  const server = await startProtectedServer(as, { clock, scopesSupported: ['mcp:read'] })
  const shared = await kind.open()
  const scope = 'mcp:read offline_access'
  const identity = {
    partition: 'default',
    issuer: as.issuer,
    resource: server.resource,
    clientId: 'client-1',
  }
  const machines = await Promise.all(clockErrorsSeconds.map(() => shared.machine()))
  const managers: TokenManager[] = await Promise.all(
    machines.map(({ store }, index) =>
      createTokenManager(identity, {
        ...options,
        store,
        clock: skewedClock(clock, clockErrorsSeconds[index] ?? 0),
        exchange: plainExchange(as.tokenEndpoint),
      }),
    ),
  )
  const issued = await as.issueGrant({ clientId: 'client-1', scope, resource: server.resource })
  const now = clock.nowEpochSeconds() + (clockErrorsSeconds[0] ?? 0)
  await managers[0]?.saveSignIn({
    tokenSet: {
      accessToken: issued.accessToken,
      tokenType: 'Bearer',
      issuedAtEpochSeconds: now,
      expiresAtEpochSeconds: now + issued.expiresInSeconds,
      refreshToken: issued.refreshToken,
      scope,
    },
    requestedScope: scope,
  })
  return {
    as,
    machines,
    managers,
    call: (accessToken: string) =>
      fetch(server.resource, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body: '{}',
      }),
    /** Advances the clocks of the machines, the authorization server and the store. */
    async advance(seconds: number) {
      await shared.age(seconds)
      clock.advanceSeconds(seconds)
    },
    /** Waits for calls, and lets time pass for those that wait before another attempt. */
    async settled<Value>(calls: Promise<Value>): Promise<Value> {
      const state = { done: false }
      void calls.finally(() => (state.done = true)).catch(() => undefined)
      while (!state.done) {
        await new Promise(setImmediate)
        if (clock.sleepers() > 0) clock.advanceSeconds(0.05)
      }
      return await calls
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(managers.map((manager) => manager.whenIdle()))
      await shared.close()
      await server.close()
      await as.close()
    },
  }
}
