import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ourProxyFromSources } from '../src/proxy/contestants.ts'
import { seededRandom } from '@evergrant/test-kit'
import { startProtectedMcp } from '../src/proxy/server-process.ts'
import { storm } from '../src/proxy/storm.ts'

test(
  'proxy: 4 cold instances share one sign-in and one refresh per expiry while processes are killed',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-storm-'))
    await using mcp = await startProtectedMcp({
      accessTokenLifetimeSeconds: 2,
      // Without grace, a process killed between the server's rotation and its own save ends the grant.
      graceSeconds: 60,
    })
    const contestant = await ourProxyFromSources(mcp.url, folder)
    const plan = {
      instances: 4,
      seconds: 6,
      killEverySeconds: 2,
      pauseMilliseconds: 100,
      tokenSeconds: 2,
      random: seededRandom(7),
    }
    const args = [...contestant.args, '--sign-in-wait', '60']
    const report = await storm(plan, { ...contestant, args }, mcp)
    await rm(folder, { recursive: true, force: true })
    expect(report).toMatchObject({
      failed: [],
      signInsAtStart: 1,
      signInsAfterStart: 0,
      refusedRefreshes: 0,
      isGrantAlive: true,
    })
    expect(report.kills).toBe(2)
    expect(report.refreshes).toBeGreaterThan(0)
    expect(report.refreshes).toBeLessThanOrEqual(report.maximumRefreshes)
  },
)
