import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { scene } from './support.ts'

test('doctor: reports a healthy server, and creates no home', async () => {
  await using it = await scene({ clientIdMetadataDocuments: true })
  const { code, out, err } = await it.run(['doctor', it.url])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('No findings.')
  expect(out).toContain('Forecast')
  expect(out).toContain('@modelcontextprotocol/sdk')
})

test('doctor: exits with 1 at or above --fail-on', { tags: ['C-33'] }, async () => {
  await using it = await scene({ clientIdMetadataDocuments: true })
  it.as.overrideMetadata({ authorization_response_iss_parameter_supported: undefined })
  expect((await it.run(['doctor', it.url])).code).toBe(0)
  expect((await it.run(['doctor', it.url, '--fail-on', 'warning'])).code).toBe(1)
  it.as.overrideMetadata({ code_challenge_methods_supported: undefined })
  const { code, out } = await it.run(['doctor', it.url, '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    version: 1,
    counts: { error: 1, warning: 1 },
    findings: [
      { rule: 'pkce-not-advertised', requirements: ['C-33', 'A-08'] },
      { rule: 'iss-not-advertised' },
    ],
  })
  expect((await it.run(['doctor', it.url, '--fail-on', 'never'])).code).toBe(0)
})

test('doctor: writes every format, and reads its own recording and baseline', async () => {
  await using it = await scene({ clientIdMetadataDocuments: true })
  const file = (name: string): string => path.join(it.home, name)
  it.as.overrideMetadata({ revocation_endpoint: undefined })
  const first = await it.run([
    'doctor',
    it.url,
    '--json',
    '--record',
    file('r.json'),
    '--html',
    file('r.html'),
    '--sarif',
    file('r.sarif'),
    '--markdown',
    file('r.md'),
  ])
  await writeFile(file('baseline.json'), first.out)
  expect(JSON.parse(await readFile(file('r.sarif'), 'utf8'))).toMatchObject({ version: '2.1.0' })
  expect(await readFile(file('r.html'), 'utf8')).toContain('revocation-not-offered')
  expect(await readFile(file('r.md'), 'utf8')).toContain('revocation-not-offered')
  const again = await it.run(['doctor', '--from', file('r.json'), '--json'])
  expect(JSON.parse(again.out)).toEqual(JSON.parse(first.out))
  const compared = await it.run([
    'doctor',
    it.url,
    '--baseline',
    file('baseline.json'),
    '--fail-on',
    'note',
  ])
  expect(compared.code).toBe(0)
  expect(compared.out).toContain('Since the baseline: 0 new, 0 fixed, 1 unchanged')
})

test(
  'doctor: measures a sign-in, prints no token, and leaves no grant',
  { tags: ['C-06', 'C-57'] },
  async () => {
    await using it = await scene({ accessTokenLifetimeSeconds: 300 })
    const { code, out, err } = await it.run(['doctor', it.url, '--sign-in', '--headless'])
    expect(code).toBe(0)
    expect(out).toContain('rotation        rotates')
    expect(err).toContain('Revoking everything that was created.')
    expect(it.as.grants().map(({ alive }) => alive)).toEqual([false])
    const canaries = createCanaries()
    for (const { form } of it.as.requests) {
      for (const field of ['code', 'code_verifier', 'refresh_token', 'token']) {
        const value = form[field]
        if (value !== undefined && !value.startsWith('evergrant-doctor-'))
          canaries.watch(field, value)
      }
    }
    canaries.expectNoCanary(it.printed)
  },
)

test.each([
  [[], 'No MCP server is named'],
  [['notaurl'], 'expected an absolute URL'],
  [['--from', '/does/not/exist'], '--from'],
  [['--from', import.meta.filename], 'The recording cannot be used'],
] as const)('doctor: usage error for %j', async (args, message) => {
  await using it = await scene()
  const { code, err } = await it.run(['doctor', ...args])
  expect(code).toBe(2)
  expect(err).toContain(message)
})

test('doctor: a server that does not answer is a finding', async () => {
  await using it = await scene()
  await it.server.close()
  const { code, out } = await it.run(['doctor', it.url])
  expect(code).toBe(1)
  expect(out).toContain('server-unreachable')
})

test.each([['--sign-in'], ['--invasive'], ['--record', 'x.json'], ['--as', 'https://as.test']])(
  'doctor: refuses --from together with %s',
  async (...options) => {
    await using it = await scene()
    const { code, err } = await it.run(['doctor', '--from', import.meta.filename, ...options])
    expect(code).toBe(2)
    expect(err).toContain(`The options contradict each other: --from and ${options[0]}`)
  },
)

test('doctor: reads the baseline before it sends a request', async () => {
  await using it = await scene()
  const { code } = await it.run(['doctor', it.url, '--baseline', '/does/not/exist'])
  expect(code).toBe(2)
  expect(it.as.requests).toEqual([])
})
