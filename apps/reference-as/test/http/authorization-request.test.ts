import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  redeem,
  register,
  resource,
  startServer,
  temporaryFolder,
} from '../support.ts'

/** How many rows started sign-ins have stored. */
function stored(databasePath: string): unknown {
  const database = new DatabaseSync(databasePath, { readOnly: true })
  try {
    return database
      .prepare("SELECT count(*) AS rows FROM artifacts WHERE model IN ('Interaction', 'Session')")
      .get()
  } finally {
    database.close()
  }
}

test.each<[string, Record<string, string>, number, string]>([
  ['a state of 2,049 characters', { state: 'x'.repeat(2049) }, 400, 'state has 2049 characters'],
  ['a nonce of 600 characters', { nonce: 'x'.repeat(600) }, 400, 'nonce has 600 characters'],
  ['a hint of 600 characters', { login_hint: 'x'.repeat(600) }, 400, 'login_hint has 600'],
  ['claims of 2,000 characters', { claims: 'x'.repeat(2000) }, 400, 'claims has 2000'],
  ['4,500 characters in total', { a: 'x'.repeat(1000), state: 'x'.repeat(3500) }, 414, 'the query'],
  [
    '50 parameters',
    Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`p${index}`, ''])),
    400,
    'parameters (at most 40)',
  ],
])(
  'authorization request: one with %s gets a page, and nothing is stored',
  { tags: ['A-08'] },
  async (_, parameters, status, detail) => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    await using server = await startServer({ demo: false, resources: [resource], databasePath })
    const { url } = await authorizationRequest(server, await register(server), parameters)
    for (const method of ['GET', 'HEAD', 'POST']) {
      const response = await fetch(url, { method, redirect: 'manual' })
      expect(response.status).toBe(status)
      expect(response.headers.get('location')).toBeNull()
      if (method === 'HEAD') continue
      const page = await response.text()
      expect(page).toContain(detail)
      expect(page).toContain('Go back to the application and start again')
    }
    expect(stored(databasePath)).toEqual({ rows: 0 })
  },
)

test(
  'authorization request: a form post leads to the same request by GET, and stores nothing itself',
  { tags: ['A-08'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    await using server = await startServer({ demo: false, resources: [resource], databasePath })
    const { url } = await authorizationRequest(server, await register(server))
    const post = async (parameters: readonly (readonly [string, string])[]): Promise<Response> =>
      await fetch(`${server.issuer}/auth`, {
        method: 'POST',
        body: new URLSearchParams(
          parameters.map(([name, value]): [string, string] => [name, value]),
        ),
        redirect: 'manual',
      })
    const parameters = [...url.searchParams]
    const response = await post(parameters)
    expect(response.status).toBe(303)
    const location = new URL(response.headers.get('location') ?? '', server.issuer)
    expect([location.pathname, [...location.searchParams]]).toEqual(['/auth', parameters])
    // Repeated parameters stay repeated, for the engine to refuse.
    const repeated = await post([...parameters, ['state', 'again']])
    expect(repeated.headers.get('location')).toMatch(/state=.*state=again/)
    expect((await post([...parameters, ['extra', 'x'.repeat(2000)]])).status).toBe(400)
    expect((await post([...parameters, ['extra', 'x'.repeat(5000)]])).status).toBe(414)
    expect((await post([...parameters, ['extra', 'x'.repeat(17_000)]])).status).toBe(400)
    const json = await fetch(`${server.issuer}/auth`, { method: 'POST', body: '{}' })
    expect(json.status).toBe(400)
    expect(stored(databasePath)).toEqual({ rows: 0 })
  },
)

test('authorization request: a sign-in by form post works', { tags: ['A-08'] }, async () => {
  await using server = await startServer()
  const client = await register(server)
  const authorization = await authorizationRequest(server, client)
  const posted = await fetch(`${server.issuer}/auth`, {
    method: 'POST',
    body: authorization.url.searchParams,
    redirect: 'manual',
  })
  const url = new URL(posted.headers.get('location') ?? '', server.issuer)
  const answer = await answerOf({ ...authorization, url })
  const tokens = await redeem(server, authorization, answer)
  expect(tokens.refresh_token).toBeDefined()
})

test(
  'authorization request: a state of 2,048 characters is accepted',
  { tags: ['A-08'] },
  async () => {
    await using server = await startServer()
    const state = 'x'.repeat(2048)
    const { url } = await authorizationRequest(server, await register(server), { state })
    const response = await fetch(url, { redirect: 'manual' })
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('state')).toBe(state)
  },
)

test('sign-out: a long query is refused', { tags: ['A-08'] }, async () => {
  await using server = await startServer()
  const response = await fetch(`${server.issuer}/session/end?state=${'x'.repeat(5000)}`)
  expect(response.status).toBe(414)
})
