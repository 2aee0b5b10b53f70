import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { startMcpServer } from '../src/index.ts'
import type { LogEntry } from '../src/index.ts'
import { call, callTool, startNotes, titlesOf, writeNote } from './notes.ts'

async function temporaryFile(): Promise<
  AsyncDisposable & { readonly file: string; readonly folder: string }
> {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-notes-'))
  return {
    folder,
    file: path.join(folder, 'notes.sqlite'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The files in a folder that have permissions for other users than their owner. */
async function readableByOthers(folder: string): Promise<readonly string[]> {
  // Windows has no such permissions.
  if (process.platform === 'win32') return []
  const found: string[] = []
  for (const name of await readdir(folder)) {
    const { mode } = await stat(path.join(folder, name))
    if (mode % 0o100 !== 0) found.push(`${name}: ${mode.toString(8)}`)
  }
  return found
}

test('database: notes survive a restart, in a file that only its owner can read', async () => {
  await using temporary = await temporaryFile()
  const { file: databasePath, folder } = temporary
  await using setup = await startNotes({ databasePath })
  const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
  const { uri } = await writeNote(client, { title: 'kept' })
  expect(await readableByOthers(folder)).toEqual([])
  await setup.server.close()

  await using restarted = await startMcpServer({
    authorizationServer: setup.as.issuer,
    databasePath,
  })
  const token = await setup.as.signAccessToken({
    scope: 'mcp:read',
    subject: 'alice',
    resource: restarted.resource,
  })
  const response = await fetch(restarted.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(call('notes_list')),
  })
  expect(await response.text()).toContain(uri)
})

test(
  'database: the same subject of another issuer is another owner',
  { tags: ['S-12'] },
  async () => {
    await using temporary = await temporaryFile()
    const { file: databasePath } = temporary
    await using one = await startNotes({ databasePath })
    await using other = await startNotes({ databasePath })
    const client = await one.connect('2026-07-28', await one.token('mcp:admin'))
    const second = await other.connect('2026-07-28', await other.token('mcp:admin'))
    await Promise.all([writeNote(client, { title: 'a' }), writeNote(second, { title: 'b' })])
    expect([await titlesOf(client), await titlesOf(second)]).toEqual([['a'], ['b']])
    expect(await callTool(client, 'notes_statistics')).toMatchObject({ owners: 2, notes: 2 })
  },
)

test('notes: have the time of the last change', async () => {
  const clock = virtualClock(1_800_000_000)
  await using setup = await startNotes({ clock, maximumMessagesPerMinute: 0 })
  const token = await setup.as.signAccessToken({
    scope: 'mcp:admin',
    resource: setup.server.resource,
    claims: { iat: 1_800_000_000, exp: 1_800_000_600 },
  })
  const client = await setup.connect('2026-07-28', token)
  const { id } = await writeNote(client, { title: 'a' })
  clock.advanceSeconds(60)
  expect(await writeNote(client, { id, title: 'b' })).toMatchObject({
    createdAt: '2027-01-15T08:00:00.000Z',
    updatedAt: '2027-01-15T08:01:00.000Z',
  })
})

test('database: a deleted note is not in the file', async () => {
  await using temporary = await temporaryFile()
  const { file: databasePath, folder } = temporary
  {
    await using setup = await startNotes({ databasePath })
    const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
    const { id } = await writeNote(client, { title: 'x', text: 'to be forgotten' })
    await callTool(client, 'notes_delete', { id })
  }
  // The log was merged into the file when the server closed it.
  expect(await readdir(folder)).toEqual(['notes.sqlite'])
  expect(await readFile(databasePath, 'latin1')).not.toContain('to be forgotten')
})

test.each([
  ['a database of another program', 'CREATE TABLE t (x)', 'belongs to another program'],
  [
    'a database with another version number',
    'PRAGMA user_version = 1',
    'belongs to another program',
  ],
  [
    'notes of a later version',
    'PRAGMA application_id = 0x456e6f74; PRAGMA user_version = 2',
    'versions up to 1',
  ],
])('database: %s is refused and not changed', async (_case, sql, message) => {
  await using temporary = await temporaryFile()
  const { file: databasePath } = temporary
  const database = new DatabaseSync(databasePath)
  database.exec(sql)
  database.close()
  const before = await readFile(databasePath)
  await expect(startNotes({ databasePath })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining(message),
  })
  expect(await readFile(databasePath)).toEqual(before)
})

test.skipIf(process.platform === 'win32')(
  'database: a new file behind a symbolic link can be read by its owner only',
  async () => {
    await using temporary = await temporaryFile()
    const { file: databasePath, folder } = temporary
    await symlink(path.join(folder, 'target.sqlite'), databasePath)
    await using _setup = await startNotes({ databasePath })
    expect(await readableByOthers(folder)).toEqual([])
  },
)

test('database: a file that is not a database is refused and not changed', async () => {
  await using temporary = await temporaryFile()
  const { file: databasePath } = temporary
  await writeFile(databasePath, 'x'.repeat(10_000))
  await chmod(databasePath, 0o644)
  await expect(startNotes({ databasePath })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await readFile(databasePath, 'latin1')).toBe('x'.repeat(10_000))
})

test('database: while it fails, tools answer without details, the log has them, and /healthz is 503', async () => {
  await using temporary = await temporaryFile()
  const { file: databasePath } = temporary
  const log: LogEntry[] = []
  await using setup = await startNotes({ databasePath, log: (entry) => log.push(entry) })
  const client = await setup.connect('2026-07-28', await setup.token('mcp:admin'))
  const other = new DatabaseSync(databasePath)
  other.exec('DROP TABLE notes')
  other.close()

  const { isError, content } = await client.callTool({ name: 'notes_list', arguments: {} })
  expect([isError, content]).toEqual([
    true,
    [{ type: 'text', text: expect.stringContaining('Try again later') }],
  ])
  await expect(client.listResources()).rejects.toThrow('Try again later')
  expect(log).toContainEqual(
    expect.objectContaining({
      event: 'notes.failed',
      detail: expect.stringContaining('no such table'),
    }),
  )
  const health = await fetch(new URL('/healthz', setup.server.url))
  expect([health.status, await health.json()]).toEqual([503, { status: 'database-unavailable' }])
})
