import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { fileStore } from '@evergrant/client/stores/file'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'

const require = createRequire(import.meta.url)
const published = [
  '@evergrant/core',
  '@evergrant/client',
  '@evergrant/resource-server',
  '@evergrant/authorization-server',
  '@evergrant/doctor',
  'evergrant',
  'evergrant-worker',
]

interface Manifest {
  readonly engines: { readonly node: string }
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
}

async function manifestOf(name: string): Promise<{ folder: string; manifest: Manifest }> {
  const file = require.resolve(`${name}/package.json`)
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest
  return { folder: path.dirname(file), manifest }
}

for (const name of published) {
  void test(`${name}: every entry point loads on the oldest supported Node.js`, async () => {
    const { manifest } = await manifestOf(name)
    const oldest = process.versions.node.split('.').slice(0, 2).join('.')
    assert.equal(manifest.engines.node, `>=${oldest}`)
    const entries = Object.keys(manifest.exports).filter((entry) => !entry.endsWith('.json'))
    assert.notEqual(entries.length, 0)
    for (const entry of entries) {
      const loaded: unknown = await import(path.posix.join(name, entry))
      assert.notEqual(Object.keys(Object(loaded)).length, 0, `${name} ${entry} exports something`)
    }
  })
}

void test('client: a sign-in in the file store outlives its access tokens', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-oldest-'))
  const clock = virtualClock(Math.floor(Date.now() / 1000))
  const server = await startScriptedAuthorizationServer({ clock, accessTokenLifetimeSeconds: 600 })
  const mcp = await startProtectedServer(server, { clock, scopesSupported: ['mcp:read'] })
  const store = await fileStore(folder, { key: randomBytes(32) })
  try {
    const session = createSession(mcp.resource, {
      store,
      clock,
      client: { name: 'oldest' },
      signIn: headlessSignIn(),
    })
    const send = authorizedFetch(session)
    for (let expiry = 0; expiry < 4; expiry += 1) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => send(mcp.resource)))
      assert.deepEqual(
        answers.map(({ status }) => status),
        Array(8).fill(200),
      )
      assert.equal(server.refreshRequests(), expiry)
      clock.advanceSeconds(600)
    }
    assert.equal(server.count('authorize'), 1)
  } finally {
    await store.close()
    await mcp.close()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
})

void test('client: a refresh needs nothing that is loaded on demand', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-oldest-'))
  const key = randomBytes(32)
  const server = await startScriptedAuthorizationServer()
  const mcp = await startProtectedServer(server, { scopesSupported: ['mcp:read'] })
  try {
    const store = await fileStore(folder, { key })
    const client = { name: 'oldest' }
    await createSession(mcp.resource, { store, client, signIn: headlessSignIn() }).signIn()
    await store.close()
    const program = path.join(import.meta.dirname, 'refresh-only.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...process.execArgv.filter((flag) => !flag.startsWith('--test')),
      program,
      folder,
      key.toString('hex'),
      mcp.resource,
    ])
    assert.deepEqual(JSON.parse(stdout), {
      refreshed: true,
      status: 200,
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    assert.equal(server.refreshRequests(), 1)
  } finally {
    await mcp.close()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
})

void test('evergrant: the command line runs', async () => {
  const { folder, manifest } = await manifestOf('evergrant')
  const program = path.join(folder, manifest.bin?.['evergrant'] ?? '')
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--help'])
  assert.match(stdout, /login/)
})

void test('evergrant-worker: the command line runs', async () => {
  const { folder, manifest } = await manifestOf('evergrant-worker')
  const program = path.join(folder, manifest.bin?.['evergrant-worker'] ?? '')
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'run', '--help'])
  assert.match(stdout, /--key-file/)
  const failing = promisify(execFile)(process.execPath, [program, 'run'], { env: {} })
  await assert.rejects(failing, { code: 2 })
})
