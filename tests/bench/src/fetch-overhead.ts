import { createSession, systemClock } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { Bench } from 'tinybench'
import { startTinyMcpServer } from './mcp-server.ts'
import { round, table } from './report.ts'

/** The overhead of `authorizedFetch` for a request on loopback, where requests are cheapest. */
export async function benchFetchOverhead(): Promise<void> {
  await using as = await startScriptedAuthorizationServer()
  await using mcp = await startTinyMcpServer(as.issuer, systemClock)
  const session = createSession(mcp.url, {
    store: memoryStore(),
    client: { name: 'bench' },
    signIn: headlessSignIn(),
  })
  await session.signIn()
  const { value, tokenType } = await session.getAccessToken()
  const authorized = authorizedFetch(session)
  const init: RequestInit = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ping' } }),
  }
  const headers = { 'content-type': 'application/json', authorization: `${tokenType} ${value}` }

  const bench = new Bench({ time: 1000, warmupTime: 300 })
  bench.add('`fetch` with the token in a header', async () => {
    await (await fetch(mcp.url, { ...init, headers })).arrayBuffer()
  })
  bench.add('`authorizedFetch`', async () => {
    await (await authorized(mcp.url, init)).arrayBuffer()
  })
  // In turns, with the best of each, so that other work on the machine affects both.
  const best = new Map<string, number>()
  for (let turn = 0; turn < 4; turn += 1) {
    await bench.run()
    for (const { name, result } of bench.tasks) {
      if (!('latency' in result)) throw new Error(`${name} could not be measured.`)
      best.set(name, Math.min(best.get(name) ?? Infinity, result.latency.p50 * 1000))
    }
  }
  const measured = [...best].map(([name, microseconds]) => ({ name, microseconds }))
  const bare = measured[0]?.microseconds ?? Number.NaN
  table(
    'A request on loopback: overhead of the wrapper',
    ['', 'best median of 4', 'ratio'],
    measured.map(({ name, microseconds }) => [
      name,
      `${round(microseconds)} µs`,
      `${(microseconds / bare).toFixed(2)}×`,
    ]),
  )
}
