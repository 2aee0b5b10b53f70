import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../src/commands/cli.ts'
import { readPassword } from '../../src/accounts/password.ts'
import { readConfiguration } from '../../src/settings/read-configuration.ts'
import { startAuthorizationServer } from '../../src/index.ts'
import type { AuthorizationServerOptions } from '../../src/index.ts'
import { temporaryFolder } from '../support.ts'

async function run(...argv: string[]) {
  return await runWith({}, ...argv)
}

async function runWith(environment: Record<string, string>, ...argv: string[]) {
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
    environment,
    stopped: async () => await stopped,
  })
  return {
    firstLine,
    async done() {
      stop?.()
      return { code: await exit, stdout, stderr }
    },
  }
}

test('serve: prints one line of JSON when ready and a summary on stderr, and stops cleanly', async () => {
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
  ['demo on all addresses', ['serve', '--demo', '--host', '0.0.0.0'], 'expected 127.0.0.1'],
  ['demo for another issuer', ['serve', '--demo', '--issuer', 'https://as.example'], 'approves'],
  ['no resource', ['serve'], '--resource: expected at least one MCP server'],
  [
    'an unknown preset',
    ['serve', '--preset', 'always'],
    '--preset: expected oauth21, oidc, either, never',
  ],
  ['an invalid port', ['serve', '--port', 'http'], '--port: expected a whole number, got "http"'],
  [
    'too many proxies',
    ['serve', '--demo', '--trust-proxy', '11'],
    '--trust-proxy: expected a number of proxies, 0 to 10, got 11',
  ],
  ['an unknown command', ['start'], 'unknown command'],
])('usage: %s', { tags: ['A-08'] }, async (_, argv, message) => {
  const { code, stdout, stderr } = await (await run(...argv)).done()
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(message)
})

const file = (folder: ReturnType<typeof temporaryFolder>, content: unknown) => {
  const name = folder.file('as.json')
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

test(
  'configuration: flags take precedence over environment, file and defaults',
  { tags: ['A-07'] },
  async () => {
    using folder = temporaryFolder()
    const config = file(folder, {
      port: 0,
      demo: true,
      'access-token-ttl': 111,
      'refresh-token-ttl': 1111,
      grace: 11,
      scopes: ['files:read', 'files:write'],
      'scope-descriptions': { 'files:read': 'Read your files' },
      'local-redirect-ttl': 3600,
    })
    const environment = {
      EVERGRANT_AS_CONFIG: config,
      EVERGRANT_AS_REFRESH_TOKEN_TTL: '2222',
      EVERGRANT_AS_GRACE: '22',
      EVERGRANT_AS_TRUST_PROXY: '1',
      EVERGRANT_AS_TRUSTED_DOMAIN: 'a.example',
      EVERGRANT_AS_RESOURCE: 'https://a.example/mcp, https://b.example/mcp',
      PATH: '/bin',
    }
    const serving = await runWith(environment, 'serve', '--json', '--grace', '33')
    await serving.firstLine
    const { code, stderr } = await serving.done()
    expect(code).toBe(0)
    for (const line of [
      'access tokens   111 s',
      'sign-ins        2222 s, 2222 s when not used',
      'successor grace 33 s',
      'scopes          files:read files:write',
      'client address  last entry of X-Forwarded-For',
      "risk            a.example trusted; others none; responses to the user's machine 3600 s",
      'resources       https://a.example/mcp, https://b.example/mcp, any on loopback',
      `settings from   ${config}, environment, flags, defaults`,
    ]) {
      expect(stderr).toContain(line)
    }
  },
)

test.each([
  ['a number in the file', { 'access-token-ttl': 'soon' }, {}, '"access-token-ttl" in FILE: exp'],
  ['a range in the file', { 'access-token-ttl': 0 }, {}, '"access-token-ttl" in FILE: exp'],
  ['a list in the file', { resource: [1] }, {}, '"resource" in FILE: expected a string or a list'],
  [
    'invalid descriptions',
    { 'scope-descriptions': { 'mcp:read': 1 } },
    {},
    '"scope-descriptions" in FILE: expected an object of strings',
  ],
  ['a domain', {}, { EVERGRANT_AS_TRUSTED_DOMAIN: 'A' }, 'EVERGRANT_AS_TRUSTED_DOMAIN: exp'],
  [
    'a client without id',
    { clients: [{}] },
    {},
    '"clients" in FILE, [0].client_id: expected a string that is not empty, got nothing.',
  ],
  [
    'clients that are no objects',
    { clients: ['a'] },
    {},
    '"clients" in FILE, [0]: expected a list',
  ],
  [
    'a misspelled member of a client',
    {
      clients: [{ client_id: 'a' }, { client_id: 'b', redirect_uri: 'http://127.0.0.1/callback' }],
    },
    {},
    '"clients" in FILE, [1]: expected one of client_id, redirect_uris, ',
  ],
  [
    'a redirect URI of a client',
    { clients: { client_id: 'a', redirect_uris: ['/callback'] } },
    {},
    '"clients" in FILE, [0].redirect_uris[0]: expected a list of absolute URLs, got "/callback".',
  ],
  [
    'a grant type of a client',
    { clients: [{ client_id: 'a', grant_types: ['refresh'] }] },
    {},
    '"clients" in FILE, [0].grant_types[0]: expected a list of authorization_code, refresh_token, ',
  ],
  ['a name in the file', { presets: 'oidc' }, {}, '"presets" in FILE: there is no such setting'],
  ['a value of the environment', {}, { EVERGRANT_AS_PRESET: 'x' }, 'EVERGRANT_AS_PRESET: expec'],
  ['a variable', {}, { EVERGRANT_AS_PRESETS: 'oidc' }, 'EVERGRANT_AS_PRESETS: there is no such'],
  ['a file without an object', [], {}, '--config: expected a JSON object'],
  ['a file without JSON', '{', {}, '--config: expected a JSON file'],
])(
  'configuration: the error names the source of %s',
  { tags: ['A-07'] },
  async (_, content, environment, message) => {
    using folder = temporaryFolder()
    const name = file(folder, content)
    const serving = await runWith(
      { ...environment },
      'serve',
      '--demo',
      '--port',
      '0',
      '--config',
      name,
    )
    const { code, stderr } = await serving.done()
    expect(code).toBe(2)
    expect(stderr).toContain(message.replace('FILE', name))
  },
)

test('configuration: refuses a switch that is neither on nor off', async () => {
  using folder = temporaryFolder()
  const name = file(folder, { demo: 'perhaps' })
  const { code, stderr } = await (await run('serve', '--config', name)).done()
  expect(code).toBe(2)
  expect(stderr).toContain(`"demo" in ${name}: expected true or false, got "perhaps"`)
})

test(
  'configuration: an error about a client secret does not show it',
  { tags: ['A-08'] },
  async () => {
    using folder = temporaryFolder()
    const config = file(folder, { clients: [{ client_id: 'a', client_secret: ['hidden'] }] })
    const { code, stderr } = await (await run('serve', '--demo', '--config', config)).done()
    expect(code).toBe(2)
    expect(stderr).toContain('[0].client_secret: expected a string that is not empty, got another')
    expect(stderr).not.toContain('hidden')
  },
)

test(
  'configuration: --local-client registers a client of this machine, and the summary names it',
  { tags: ['A-08'] },
  async () => {
    const command = 'serve --demo --port 0 --json --emulate entra --local-client other'
    const serving = await run(...command.split(' '), '--local-client', 'my client')
    await serving.firstLine
    const { code, stderr } = await serving.done()
    expect(code).toBe(0)
    // A list is separated by spaces.
    expect(stderr).toContain('clients         registered by hand: "other", "my", "client"')
    expect(stderr).not.toContain('settings.warning')
  },
)

test('configuration: without a way to register, the log says how to register a client', async () => {
  const serving = await run('serve', '--demo', '--port', '0', '--json', '--emulate', 'entra')
  await serving.firstLine
  const { stderr } = await serving.done()
  expect(stderr).toContain('clients         none')
  expect(stderr).toContain(
    'No client can sign in: Microsoft Entra ID does not register clients on request',
  )
  expect(stderr).toContain('Set --local-client ID')
})

test(
  'configuration: the clients of the example in the README can sign in',
  { tags: ['A-08'] },
  async () => {
    const config = path.join(import.meta.dirname, '..', 'settings', 'clients.json')
    const serving = await run('serve', '--config', config, '--port', '0', '--json')
    const { issuer } = JSON.parse(await serving.firstLine) as { readonly issuer: string }
    const query = new URLSearchParams({
      client_id: 'gateway',
      response_type: 'code',
      redirect_uri: 'http://127.0.0.1:4200/callback',
      scope: 'mcp:read offline_access',
      resource: 'http://127.0.0.1:9/mcp',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const answer = await fetch(`${issuer}/auth?${query.toString()}`, { redirect: 'manual' })
    expect(answer.headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1:4200\/callback\?code=/)
    const { code, stderr } = await serving.done()
    expect(code).toBe(0)
    expect(stderr).toContain('registered by hand: "gateway"')
  },
)

test('configuration: a client ID can be used once', async () => {
  using folder = temporaryFolder()
  const clients = [{ client_id: 'a', redirect_uris: ['http://127.0.0.1/callback'] }]
  const config = file(folder, { clients })
  const twice = await run('serve', '--demo', '--config', config, '--local-client', 'a')
  const { code, stderr } = await twice.done()
  expect(code).toBe(2)
  expect(stderr).toContain('--local-client: expected each client ID once, got "a".')
})

test(
  'configuration: a client with invalid metadata prevents the start',
  { tags: ['A-08'] },
  async () => {
    using folder = temporaryFolder()
    const clients = [{ client_id: 'known', redirect_uris: [], token_endpoint_auth_method: 'none' }]
    const config = file(folder, { port: 0, demo: true, clients })
    const { code, stderr } = await (await run('serve', '--config', config)).done()
    expect(code).toBe(2)
    expect(stderr).toContain('Client "known" has invalid metadata: redirect_uris')
  },
)

test('configuration: the password of a database is not shown', async () => {
  const { code, stderr } = await (
    await runWith({ EVERGRANT_AS_DB: 'postgres://as:hidden@127.0.0.1:1/as' }, 'serve', '--demo')
  ).done()
  expect(code).toBe(4)
  expect(stderr).toContain('Cannot use the Postgres database')
  expect(stderr).not.toContain('hidden')
})

test('configuration: users and keys use the database of serve', async () => {
  using folder = temporaryFolder()
  const environment = { EVERGRANT_AS_DB: folder.file('as.db') }
  expect((await (await runWith(environment, 'users', 'add', 'alice')).done()).code).toBe(0)
  expect((await (await runWith(environment, 'users', 'list')).done()).stdout).toBe('alice\n')
  const demo = await (await runWith({ EVERGRANT_AS_DEMO: '1' }, 'users', 'list')).done()
  expect(demo.code).toBe(2)
  expect(demo.stderr).toContain('with EVERGRANT_AS_DEMO the server keeps everything in memory')
})

test('configuration: without a database setting, users and serve share a file in the working directory', async () => {
  using folder = temporaryFolder()
  const program = [
    '--conditions=workspace:source',
    path.join(import.meta.dirname, '..', '..', 'src', 'main.ts'),
  ]
  const working = { cwd: path.dirname(folder.file('x')), stdio: 'pipe' } as const
  const add = [...program, 'users', 'add', 'alice']
  const added = spawnSync(process.execPath, add, { ...working, input: 'correct horse' })
  expect([added.status, String(added.stderr)]).toEqual([0, 'Added "alice".\n'])
  expect(existsSync(folder.file('evergrant-as.sqlite'))).toBe(true)

  const serve = [...program, 'serve', '--resource', 'https://a.example/mcp', '--port', '0']
  const serving = spawn(process.execPath, serve, working)
  let summary = ''
  for await (const chunk of serving.stderr) {
    summary += String(chunk)
    if (summary.includes('sign-in  ')) break
  }
  serving.kill('SIGTERM')
  await once(serving, 'exit')
  expect(summary).toContain('database        evergrant-as.sqlite, in the working directory')

  const demo = readConfiguration({ flags: { demo: true }, environment: {} })
  expect(demo.settings.databasePath).toBe(':memory:')
})

test('products: lists them, describes one with its sources, prints JSON', async () => {
  const list = await (await run('products')).done()
  expect(list.stdout).toMatch(/^okta +Okta.*documented/m)
  const okta = await (await run('products', 'okta')).done()
  expect(okta.stdout).toMatch(/rotation: same-token\n +documented: https:\/\/developer\.okta\.com/)
  expect(okta.stdout).toMatch(/idleSeconds: \d+ \(not emulated: /)
  expect(okta.stdout).toMatch(/^Dynamic registration: offered so .* no source says/m)
  expect((await (await run('products', 'logto')).done()).stdout).not.toMatch(/^Dynamic reg/m)
  const data: unknown = JSON.parse((await (await run('products', 'okta', '--json')).done()).stdout)
  expect(data).toMatchObject({ name: 'okta', behaviors: { rotation: { value: 'same-token' } } })
  const unknown = await (await run('products', 'oktaa')).done()
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toMatch(/no product called "oktaa".*okta, /)
})

test('users: can be added, listed and removed', async () => {
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

describe('the password prompt', () => {
  test('password prompt: closing it changes nothing and is a usage error', async () => {
    using folder = temporaryFolder()
    const terminal = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {} })
    let stderr = ''
    const screen = new Writable({
      write(chunk, _encoding, done) {
        stderr += String(chunk)
        done()
      },
    })
    const db = folder.file('as.db')
    const code = runCli(['users', 'add', 'alice', '--db', db], {
      stdout: () => {},
      stderr: (text) => (stderr += text),
      readPassword: async (prompt) => await readPassword(terminal, screen, prompt),
      environment: {},
      stopped: async () => {},
    })
    await expect.poll(() => stderr).toContain('Password for alice')
    // Ctrl+C, as a terminal in raw mode sends it.
    terminal.write('secr\u0003')
    expect(await code).toBe(2)
    expect(stderr).toContain('No password was given, and nothing was changed')
    expect(stderr).not.toContain('secr')
    expect((await (await run('users', 'list', '--db', db)).done()).stdout).toBe('')
  })

  test.each([
    ['without a stack', '', 1],
    ['with a stack when NODE_DEBUG requests it', 'http,evergrant', 2],
  ])('command line: reports an unexpected error %s', async (_, nodeDebug, lines) => {
    using folder = temporaryFolder()
    let stderr = ''
    const code = await runCli(['users', 'add', 'alice', '--db', folder.file('as.db')], {
      stdout: () => {},
      stderr: (text) => (stderr += text),
      readPassword: async () => await Promise.reject(new TypeError('no such terminal')),
      environment: { NODE_DEBUG: nodeDebug },
      stopped: async () => {},
    })
    expect(code).toBe(4)
    expect(stderr).toContain('unexpected TypeError: no such terminal')
    expect(Math.min(2, stderr.trim().split('\n').length)).toBe(lines)
  })
})

test('serve: reports a port that is in use', async () => {
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
    ['an invalid scope token', { resourceScopes: ['mcp read'] }],
    ['an unknown default scope', { defaultScopes: ['files:read'] }],
    ['a fraction of a second', { accessTokenLifetimeSeconds: 0.5 }],
    ['a negative grace', { graceSeconds: -1 }],
    ['idle beyond absolute', { refreshTokenIdleSeconds: 11, refreshTokenLifetimeSeconds: 10 }],
    ['a port out of range', { port: 70_000 }],
  ]
  test.each(bad)('options: refuses %s', { tags: ['A-07', 'A-08'] }, async (_, options) => {
    await expect(startAuthorizationServer({ demo: true, ...options })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })
})
