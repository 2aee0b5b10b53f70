import { describe, expect, test } from 'vitest'
import { runCli } from '../src/cli.ts'
import { startAuthorizationServer } from '../src/index.ts'
import type { AuthorizationServerOptions } from '../src/index.ts'
import { temporaryFolder } from './support.ts'

async function run(...argv: string[]) {
  let stdout = ''
  let stderr = ''
  let ready: ((value: string) => void) | undefined
  let stop: ((value?: unknown) => void) | undefined
  const firstLine = new Promise<string>((resolve) => (ready = resolve))
  const stopped = new Promise((resolve) => (stop = resolve))
  const exit = runCli(argv, {
    stdout: (text) => {
      stdout += text
      ready?.(text)
    },
    stderr: (text) => (stderr += text),
    readPassword: async () => 'correct horse',
    stopped,
  })
  return {
    firstLine,
    async done() {
      stop?.()
      return { code: await exit, stdout, stderr }
    },
  }
}

test('serve: one line of JSON when ready, a summary elsewhere, a clean stop', async () => {
  const serving = await run('serve', '--demo', '--port', '0', '--json', '--preset', 'oidc')
  const ready: unknown = JSON.parse(await serving.firstLine)
  expect(ready).toMatchObject({ event: 'ready', issuer: expect.stringMatching(/^http:\/\/127/) })
  const { code, stdout, stderr } = await serving.done()
  expect(code).toBe(0)
  expect(stdout.trim().split('\n')).toHaveLength(1)
  expect(stderr).toContain('are granted offline_access (oidc)')
  expect(stderr).toContain('DEMO')
})

test.each([
  ['demo on all addresses', ['serve', '--demo', '--host', '0.0.0.0'], 'only starts on 127.0.0.1'],
  ['demo for another issuer', ['serve', '--demo', '--issuer', 'https://as.example'], 'approves'],
  ['no resource', ['serve'], 'at least one MCP server'],
  ['an unknown preset', ['serve', '--preset', 'always'], 'Allowed choices'],
  ['a port that is none', ['serve', '--port', 'http'], 'whole number'],
  ['an unknown command', ['start'], 'unknown command'],
])('usage: %s', { tags: ['A-08'] }, async (_, argv, message) => {
  const { code, stdout, stderr } = await (await run(...argv)).done()
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(message)
})

test('users: added, listed, removed', async () => {
  using folder = temporaryFolder()
  const db = ['--db', folder.file('as.db')]
  expect((await (await run('users', 'add', 'alice', ...db)).done()).code).toBe(0)
  const again = await (await run('users', 'add', 'alice', ...db)).done()
  expect(again.code).toBe(4)
  expect(again.stderr).toContain('already')
  expect((await (await run('users', 'list', ...db)).done()).stdout).toBe('alice\n')
  expect((await (await run('users', 'remove', 'alice', ...db)).done()).code).toBe(0)
  expect((await (await run('users', 'remove', 'alice', ...db)).done()).code).toBe(4)
})

test('a port that is taken is said to be', async () => {
  const server = await startAuthorizationServer({ demo: true })
  const { port } = new URL(server.issuer)
  const { code, stderr } = await (await run('serve', '--demo', '--port', port)).done()
  expect(code).toBe(4)
  expect(stderr).toContain(`Cannot listen on 127.0.0.1 port ${port}`)
  await server.close()
})

describe('options', () => {
  const bad: [string, AuthorizationServerOptions][] = [
    ['an issuer with a path', { issuer: 'http://127.0.0.1/tenant' }],
    [
      'an http issuer elsewhere',
      { demo: false, issuer: 'http://as.example', resources: ['https://a.example'] },
    ],
    [
      'a public address without issuer',
      { demo: false, host: '0.0.0.0', resources: ['https://a.example'] },
    ],
    ['a resource with a fragment', { resources: ['https://a.example/#x'] }],
    ['offline_access as a scope of resources', { resourceScopes: ['offline_access'] }],
    ['a scope that is no token', { resourceScopes: ['mcp read'] }],
    ['a default scope nobody knows', { defaultScopes: ['files:read'] }],
    ['half a second', { accessTokenLifetimeSeconds: 0.5 }],
    ['a negative grace', { graceSeconds: -1 }],
    ['idle beyond absolute', { refreshTokenIdleSeconds: 11, refreshTokenLifetimeSeconds: 10 }],
    ['a port out of range', { port: 70_000 }],
  ]
  test.each(bad)('refused: %s', { tags: ['A-07', 'A-08'] }, async (_, options) => {
    await expect(startAuthorizationServer({ demo: true, ...options })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })
})
