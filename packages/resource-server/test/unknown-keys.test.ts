import { expect, test } from 'vitest'
import { signingKey, startKeyServer } from './key-server.ts'
import type { KeyServer } from './key-server.ts'

const tags = ['S-12', 'S-18']

test(
  'unknown keys: 5,400 of them in ten minutes cause one fetch in 30 seconds, and no known key is refused',
  { tags },
  async () => {
    await using server = await startKeyServer()
    const counts = await tenMinutes(server, () => undefined)
    expect(counts.get('known key: 200')).toBe(600)
    expect(counts.get('unknown key: 200')).toBeUndefined()
    expect(counts.get('fetches')).toBeLessThanOrEqual(21)
  },
)

test(
  'unknown keys: 5,400 of them during an outage of ten minutes cause one fetch in five seconds, and no known key is refused',
  { tags },
  async () => {
    await using server = await startKeyServer()
    const counts = await tenMinutes(server, () => {
      server.answer('/jwks', () => new Response(null, { status: 503 }))
    })
    expect(counts.get('known key: 200')).toBe(600)
    expect(counts.get('unknown key: 503')).toBe(5400)
    expect(counts.get('fetches')).toBeLessThanOrEqual(121)
  },
)

/** In each second, one request with a known key and nine with keys that the issuer does not publish. */
async function tenMinutes(
  server: KeyServer,
  begin: () => void,
): Promise<ReadonlyMap<string, number>> {
  const { issuer, clock } = server
  const known = await signingKey('known')
  const unknown = await signingKey('unknown')
  server.publish(known)
  await server.decide(await known.sign(issuer, clock))
  const fetchesBefore = fetches(server)
  const counts = new Map<string, number>()
  const decide = async (token: string, name: string): Promise<void> => {
    const decision = await server.decide(token)
    const outcome = `${name}: ${decision.allowed ? 200 : decision.status}`
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  begin()
  for (let second = 0; second < 600; second += 1) {
    clock.advanceSeconds(1)
    const token = await unknown.sign(issuer, clock)
    for (let request = 0; request < 9; request += 1) {
      const header = { alg: 'ES256', typ: 'at+jwt', kid: `${second}-${request}` }
      const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
      await decide(token.replace(/^[^.]*/, encoded), 'unknown key')
    }
    await decide(await known.sign(issuer, clock), 'known key')
  }
  counts.set('fetches', fetches(server) - fetchesBefore)
  return counts
}

function fetches(server: KeyServer): number {
  return server.requests.filter((path) => path === '/jwks').length
}
