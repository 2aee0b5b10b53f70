import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addProxyCommand } from '../src/commands/proxy.ts'
import { mcpRemoteHash, mcpRemotePort } from '../src/mcp-remote/store-names.ts'
import { memberOf, nameOf, parseProxyArguments } from '../src/proxy/flags/parse.ts'
import { readSettings } from '../src/proxy/flags/settings.ts'
import { proxyFlags } from '../src/proxy/flags/table.ts'
import type { ProxyFlag } from '../src/proxy/flags/table.ts'
import { runInProcess, temporaryFolder } from './support.ts'

const url = 'https://mcp.example.com/mcp'

/** The options that the README of mcp-remote 0.15.1 documents. */
const documented = [
  '--header',
  '--header-file',
  '--transport',
  '--protocol',
  '--host',
  '--callback-path',
  '--debug',
  '--silent',
  '--ignore-tool',
  '--static-oauth-client-info',
  '--static-oauth-client-metadata',
  '--client-metadata-url',
  '--resource',
  '--disable-resource-parameter',
  '--authorize-param',
  '--use-id-token',
  '--token-endpoint',
  '--auth-timeout',
  '--connect-timeout',
  '--headers-timeout',
  '--body-timeout',
  '--ping-interval',
  '--keep-alive',
  '--allow-http',
  '--ipv4',
  '--enable-proxy',
  '--disable-cookies',
  '--auth-success-url',
  '--device-code',
  '--client-credentials',
]

const values: Readonly<Record<ProxyFlag['kind'], readonly string[]>> = {
  switch: [],
  text: ['text'],
  list: ['Name: value'],
  seconds: ['7'],
  port: ['3334'],
}

function example(flag: ProxyFlag): readonly string[] {
  return [nameOf(flag), ...(flag.choices?.slice(0, 1) ?? values[flag.kind])]
}

test('proxy: knows every option that mcp-remote documents', () => {
  const known = proxyFlags.filter(({ mcpRemote }) => mcpRemote === true).map((flag) => nameOf(flag))
  expect(known.toSorted()).toEqual(documented.toSorted())
})

test.each(proxyFlags.map((flag) => [nameOf(flag), flag] as const))(
  'proxy: reads %s without commander as commander does',
  async (_name, flag) => {
    const program = new Command().exitOverride()
    let seen: unknown
    addProxyCommand(program, {
      withApp: () => Promise.resolve(),
      withoutStore: () => Promise.resolve(),
    })
    program.commands[0]?.action((...given: unknown[]) => void (seen = given[2]))
    await program.parseAsync(['proxy', url, '3334', ...example(flag)], { from: 'user' })
    const parsed = parseProxyArguments([url, '3334', ...example(flag)])
    expect(parsed).toMatchObject({ serverUrl: url, port: 3334 })
    expect(parsed?.flags).toEqual(
      Object.fromEntries(
        Object.entries(seen as object).filter(([name]) => name === memberOf(flag)),
      ),
    )
  },
)

test.each(
  proxyFlags
    .filter(({ refused }) => refused !== undefined)
    .map((flag) => [nameOf(flag), flag] as const),
)('proxy: refuses %s by name, with the replacement', async (name, flag) => {
  const { code, err } = await runInProcess(['proxy', url, ...example(flag)], {})
  expect(code).toBe(2)
  expect(err).toContain(`The option ${name} is not supported. ${flag.refused}`)
})

test.each([
  [['--header', 'no colon'], 'Name: value'],
  [['--header', 'Content-Length: 3'], 'sets it itself'],
  [['--header', 'X: ${NOT_SET}'], '"NOT_SET" is not set'],
  [['--header-file', '/nowhere/headers'], '"/nowhere/headers" cannot be read'],
  [['--static-oauth-client-info', '{'], 'not JSON'],
  [['--static-oauth-client-info', '{}'], 'client_id'],
  [['--static-oauth-client-info', '@/nowhere/client.json'], 'cannot be read'],
  [['--authorize-param', 'state=1'], '"state"'],
  [['--authorize-param', 'audience'], 'name=value'],
  [['--resource', 'https://tenant.example.net/'], '--profile <name>'],
  [['--transport', 'carrier-pigeon'], 'http-first'],
  [['--connect-timeout', 'soon'], 'seconds'],
  [['--ping-interval', '0'], 'above 0'],
  [['--auth-timeout', '0'], 'above 0'],
  [['http'], 'port'],
])('proxy: says what is wrong with %j', async (args, expected) => {
  const { code, out, err } = await runInProcess(['proxy', url, ...args], {
    stdio: { input: process.stdin, output: process.stdout },
  })
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(expected)
})

test('proxy: refuses http on other hosts, and signs in nowhere with --allow-http', async () => {
  const plain = 'http://mcp.internal/mcp'
  expect((await runInProcess(['proxy', plain], {})).err).toContain('loopback')
  const settings = await readSettings(plain, undefined, { allowHttp: true }, {})
  expect(settings.signIn).toBeUndefined()
})

test('proxy: uses the redirect URI of mcp-remote for a client that is registered by hand', async () => {
  const flags = { staticOauthClientInfo: '{"client_id":"abc","client_secret":"${SECRET}"}' }
  const { signIn } = await readSettings(url, undefined, flags, { SECRET: 's3cret' })
  expect(signIn).toMatchObject({
    client: { clientId: 'abc', clientSecret: 's3cret' },
    callback: { port: mcpRemotePort(mcpRemoteHash({ serverUrl: url })), path: '/oauth/callback' },
  })
})

test('proxy: keeps sign-ins with different authorization parameters apart', async () => {
  const profileOf = async (authorizeParam: readonly string[]): Promise<string | undefined> =>
    (await readSettings(url, undefined, { authorizeParam }, {})).signIn?.separateProfile
  expect(await profileOf([])).toBeUndefined()
  expect(await profileOf(['audience=a'])).not.toBe(await profileOf(['audience=b']))
})

test('proxy: reads headers from a file, with comments', async () => {
  await using folder = await temporaryFolder()
  const { writeFile } = await import('node:fs/promises')
  const file = `${folder.path}/headers.txt`
  await writeFile(file, '# credentials\n\nAuthorization: Bearer abc\nX-Team: blue\n')
  const { headers, signIn } = await readSettings(url, undefined, { headerFile: [file] }, {})
  expect(headers).toEqual({ authorization: 'Bearer abc', 'x-team': 'blue' })
  expect(signIn).toBeUndefined()
})
