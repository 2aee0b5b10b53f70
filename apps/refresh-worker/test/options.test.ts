import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { givenOptions, listOf } from '../src/settings/given-options.ts'
import { readKeys } from '../src/settings/key-files.ts'
import { run } from './support/run.ts'

let folder = ''
const key = randomBytes(32)

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'evergrant-worker-'))
  const files: Readonly<Record<string, string | Buffer>> = {
    'raw.key': key,
    'hex.key': `${key.toString('hex')}\n`,
    'base64.key': `${key.toString('base64')}\n`,
    'base64url.key': key.toString('base64url'),
    'short.key': key.subarray(1),
    'password.key': 'hunter2-secret',
    'webhook.secret': `whsec_${key.toString('base64')}\n`,
    'url.txt': 'postgres://gateway:hunter2-secret@127.0.0.1:1/gateway\n',
    'clients.json': JSON.stringify({ 'https://as.example': { clientId: 'gateway' } }),
    'secretless.json': JSON.stringify({ 'https://as.example': { clientSecret: 'hunter2-secret' } }),
    'typing-error.json': JSON.stringify({
      'https://as.example': { clientId: 'gateway', client_secret: 'hunter2-secret' },
    }),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(inFolder(name), content)
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

function inFolder(name: string): string {
  return path.join(folder, name)
}

const database = { EVERGRANT_WORKER_DATABASE_URL: 'postgres://gateway@127.0.0.1:1/gateway' }

test.each(['raw.key', 'hex.key', 'base64.key', 'base64url.key'])(
  'options: reads the key file %s',
  async (name) => {
    const keys = await readKeys(givenOptions({ 'key-file': [inFolder(name)] }, {}))
    expect(keys).toEqual([key])
  },
)

test('options: a flag takes precedence over its variable, and a variable separates values with commas', () => {
  const env = { EVERGRANT_WORKER_KEY_FILE: 'new.key, old.key', EVERGRANT_WORKER_RATE: '5' }
  expect(listOf(givenOptions({}, env), 'key-file')).toEqual(['new.key', 'old.key'])
  expect(listOf(givenOptions({ 'key-file': ['a,b.key'] }, env), 'key-file')).toEqual(['a,b.key'])
  expect(givenOptions({ rate: '7' }, env)('rate')?.values).toEqual(['7'])
})

test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
  ['no database', [], {}],
  ['no key', [], database],
  ['a file that does not exist', ['--key-file', 'missing.key'], database],
  ['a key of another length', ['--key-file', 'short.key'], database],
  ['a password as the key', ['--key-file', 'password.key'], database],
  ['a folder as the key', ['--key-file', '.'], database],
  ['another kind of database', ['--database-url', 'mysql://127.0.0.1/gateway'], {}],
  [
    'a database that is not a URL',
    [],
    { EVERGRANT_WORKER_DATABASE_URL: 'gateway:hunter2-secret@db' },
  ],
  [
    'a password in PostgreSQL that is not percent-encoded',
    ['--key-file', 'raw.key'],
    { EVERGRANT_WORKER_DATABASE_URL: 'postgres://gateway:hunter2%secret@127.0.0.1:1/gateway' },
  ],
  [
    'a password in Redis that is not percent-encoded',
    ['--key-file', 'raw.key'],
    { EVERGRANT_WORKER_DATABASE_URL: 'redis://:hunter2%secret@127.0.0.1:1' },
  ],
  [
    'a database of Redis that is not a number',
    ['--key-file', 'raw.key'],
    { EVERGRANT_WORKER_DATABASE_URL: 'redis://127.0.0.1:1/hunter2' },
  ],
  ['two databases', ['--database-url-file', 'url.txt'], database],
  ['a password on the command line', ['--database-url', 'redis://:hunter2-secret@127.0.0.1:1'], {}],
  [
    'a password in a parameter on the command line',
    ['--database-url', 'postgres://127.0.0.1:1/gateway?password=hunter2-secret'],
    {},
  ],
  ['a pool of one', ['--key-file', 'raw.key', '--pool-size', '1'], database],
  ['a negative concurrency', ['--key-file', 'raw.key', '--concurrency', '-1'], database],
  ['no rate at all', ['--key-file', 'raw.key', '--rate', '0'], database],
  ['a format that does not exist', ['--key-file', 'raw.key', '--log-format', 'xml'], database],
  ['a port that does not exist', ['--key-file', 'raw.key', '--listen', '[::1]:99999'], database],
  ['an address without a port', ['--key-file', 'raw.key', '--listen', '127.0.0.1'], database],
  [
    'a switch that is neither on nor off',
    [],
    { ...database, EVERGRANT_WORKER_CREATE_TABLE: 'yes' },
  ],
  [
    'a webhook without a secret',
    ['--key-file', 'raw.key', '--webhook-url', 'https://gateway.example/hunter2-secret'],
    database,
  ],
  [
    'a webhook over http',
    [
      '--key-file',
      'raw.key',
      '--webhook-url',
      'http://gateway.example/hunter2-secret',
      '--webhook-secret-file',
      'webhook.secret',
    ],
    database,
  ],
  [
    'a key as the secret of the webhook',
    [
      '--key-file',
      'raw.key',
      '--webhook-url',
      'https://gateway.example',
      '--webhook-secret-file',
      'password.key',
    ],
    database,
  ],
  [
    'a client without an ID',
    ['--key-file', 'raw.key', '--client-file', 'secretless.json'],
    database,
  ],
  [
    'a client with an unknown member',
    ['--key-file', 'raw.key', '--client-file', 'typing-error.json'],
    database,
  ],
  ['clients that are not JSON', ['--key-file', 'raw.key', '--client-file', 'raw.key'], database],
  ['an option that does not exist', ['--databse-url=redis://:hunter2-secret@127.0.0.1'], database],
])('options: refuses %s with exit code 2, and shows no secret', async (_name, args, env) => {
  const isFile = /\.(?:key|secret|txt|json)$|^\.$/
  const { code, out, err } = await run(
    ['run', ...args.map((one) => (isFile.test(one) ? inFolder(one) : one))],
    env,
  )
  expect(code).toBe(2)
  expect(err).toMatch(/\[(?:OPTION_INVALID|FILE_UNUSABLE|INVALID_OPTION)\]\n$|unknown option/)
  expect(out + err).not.toMatch(/hunter2/)
  expect(err).not.toContain(key.toString('base64'))
})

test('options: accepts a password in a file', async () => {
  const files = ['--key-file', inFolder('raw.key'), '--database-url-file', inFolder('url.txt')]
  const { code, err } = await run(['run', ...files, '--client-file', inFolder('clients.json')])
  // Port 1 is closed.
  expect(code).toBe(4)
  expect(JSON.parse(err)).toMatchObject({
    event: 'failed',
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('postgres://127.0.0.1:1/gateway does not answer'),
  })
  expect(err).not.toContain('hunter2')
})

test.each(['run', 'status', 'reencrypt'])('options: %s --help has examples', async (command) => {
  const { code, out } = await run([command, '--help'])
  expect(code).toBe(0)
  expect(out).toContain(`$ evergrant-worker ${command} --key-file `)
})
