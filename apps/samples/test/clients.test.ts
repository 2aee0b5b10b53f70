import { afterEach, describe, expect, test, vi } from 'vitest'
import { connect as connectFetch, toolNames } from '../src/client-fetch.ts'
import { connect as connectSdk1 } from '../src/client-sdk-v1.ts'
import { connect as connectSdk2 } from '../src/client-sdk-v2.ts'
import { openHost } from '../src/host.ts'
import type { Host } from '../src/host.ts'
import { runSample, startScene } from './support.ts'

/** Calls a tool with one of the clients. */
type Call = () => Promise<unknown>

async function callsWithFetch(serverUrl: string, host: Host): Promise<Call> {
  const fetch = connectFetch(serverUrl, host)
  return () => toolNames(serverUrl, fetch)
}

async function callsWithSdk1(serverUrl: string, host: Host): Promise<Call> {
  const client = await connectSdk1(serverUrl, host)
  return async () => (await client.callTool({ name: 'notes_list' })).content
}

async function callsWithSdk2(serverUrl: string, host: Host): Promise<Call> {
  const client = await connectSdk2(serverUrl, host)
  return async () => (await client.callTool({ name: 'notes_list' })).content
}

const lifetimeSeconds = 3600

afterEach(() => {
  vi.useRealTimers()
})

describe.each([
  { sample: 'client-fetch.ts', prepare: callsWithFetch },
  { sample: 'client-sdk-v1.ts', prepare: callsWithSdk1 },
  { sample: 'client-sdk-v2.ts', prepare: callsWithSdk2 },
])('$sample', ({ sample, prepare }) => {
  test(
    'client: signs in once, and 20 concurrent calls across an expiry cause one refresh',
    { tags: ['C-51'] },
    async () => {
      await using it = await startScene({ accessTokenLifetimeSeconds: lifetimeSeconds })
      const call = await prepare(it.server.url, await openHost(it.environment))
      const answer = await call()
      const refreshesBefore = it.as.stats().tokenRequests['refresh_token']?.['success'] ?? 0
      // The client and both servers run in this process: they agree that the token has expired.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + lifetimeSeconds * 1000 })

      const answers = await Promise.all(Array.from({ length: 20 }, call))
      expect(answers).toEqual(Array(20).fill(answer))
      const { signIns, tokenRequests } = it.as.stats()
      expect(signIns).toBe(1)
      expect(tokenRequests['refresh_token']).toEqual({ success: refreshesBefore + 1 })
      expect(it.server.stats().byStatus['401'] ?? 0).toBe(1)
    },
  )

  test(
    'client: runs as a program, and the second run finds the sign-in of the first',
    { tags: ['C-52'] },
    async () => {
      await using it = await startScene()
      for (const run of [1, 2]) {
        expect(await runSample(sample, it), `run ${run}`).toBe(
          'notes_list\nnotes_read\nnotes_write\nnotes_delete\nnotes_statistics\n',
        )
      }
      expect(it.as.stats().signIns).toBe(1)
    },
  )
})
