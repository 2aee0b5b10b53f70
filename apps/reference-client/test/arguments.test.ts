import { access } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runInProcess, scene, temporaryFolder } from './support.ts'

const server = 'https://mcp.example.test/mcp'

/** Runs a command over a home that does not exist yet, and reports whether it was created. */
async function runWithoutHome(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await using root = await temporaryFolder()
  const home = path.join(root.path, 'home')
  const result = await runInProcess(args, {
    env: { EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file', ...env },
  })
  const isCreated = await access(home).then(
    () => true,
    () => false,
  )
  return { ...result, isCreated }
}

test.each([
  [['login', 'notaurl'], 'notaurl'],
  [['login', 'ftp://mcp.example.test/mcp'], 'ftp:'],
  [['login', 'http://mcp.example.test/mcp'], 'expected https'],
  [['login', 'https://user:secret-password@mcp.example.test/mcp'], 'user name or password'],
  [['tools', 'notaurl'], 'notaurl'],
  [['call', 'notaurl', 'x'], 'notaurl'],
  [['status', 'notaurl'], 'notaurl'],
  [['logout', 'notaurl'], 'notaurl'],
  [['login', server, '--client-id', 'x', '--issuer', 'notaurl'], '--issuer'],
  [['login', server, '--client-id', 'x', '--issuer', 'http://as.example.test'], '--issuer'],
  [['login', server, '--client-id', 'x'], '--issuer'],
  [['login', server, '--trusted-issuer', 'as.example.test'], '--trusted-issuer'],
  [['login', server, '--resource', 'mcp'], '--resource'],
  [['login', server, '--redirect-uri', 'not a uri'], 'redirect URI'],
  [['login', server, '--scope', 'files:"read"'], '--scope'],
  [['login', server, '--profile', 'a/b'], '--profile'],
  [['login', server, '--profile', ''], '--profile'],
])('arguments: %j is refused before a home or key is created', async (args, named) => {
  const { code, err, isCreated } = await runWithoutHome(args)
  expect(code).toBe(2)
  expect(err).toContain(named)
  expect(err).not.toContain('secret-password')
  expect(isCreated).toBe(false)
})

test('arguments: EVERGRANT_PROFILE is refused by its name', async () => {
  const { code, err, isCreated } = await runWithoutHome(['status'], { EVERGRANT_PROFILE: 'a b' })
  expect([code, isCreated]).toEqual([2, false])
  expect(err).toContain('EVERGRANT_PROFILE')
})

test.each(['a"b', 'files:read a"b', String.raw`a\b`, 'caf\u00e9', '', ' '])(
  'arguments: --scope %j is refused instead of being dropped',
  { tags: ['C-20'] },
  async (scope) => {
    await using s = await scene()
    const { code, err, out } = await s.run(['login', s.url, '--headless', '--scope', scope])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('The option --scope')
    expect(s.as.requests).toEqual([])
  },
)

test('logout: says that no sign-in is stored, and names the stored ones', async () => {
  await using s = await scene()
  const before = await s.run(['logout', s.url])
  expect(before.code).toBe(0)
  expect(before.out).toContain(`no sign-in to ${s.url} is stored. There are no stored sign-ins.`)
  await s.run(['login', s.url, '--headless'])
  const other = await s.run(['logout', `${s.url}/typo`])
  expect(other.out).toContain(`Stored sign-ins: ${s.url}`)
  expect((await s.run(['logout', s.url])).out).toContain(`Signed out of ${s.url}`)
  const again = await s.run(['logout', s.url, '--json'])
  expect(JSON.parse(again.out)).toMatchObject({
    outcome: 'not-signed-in',
    revocation: 'nothing-to-revoke',
  })
})
