import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { databaseKinds, noteMissing } from './support/databases.ts'
import { gateway } from './support/gateway.ts'
import { lines, startProgram } from './support/program.ts'
import { run } from './support/run.ts'

for (const kind of databaseKinds) {
  noteMissing(`evergrant-worker at its start over ${kind.name}`, kind)

  describe.runIf(kind.url !== undefined)(`evergrant-worker at its start over ${kind.name}`, () => {
    test('start: another key than that of the gateway ends with exit code 3', async () => {
      await using it = await gateway(kind)
      await it.signIn('alice')
      const otherKey = path.join(it.folder, 'other.key')
      await writeFile(otherKey, randomBytes(32))
      for (const command of ['run', 'status']) {
        const { code, err } = await run([command, '--key-file', otherKey], it.env)
        expect(code).toBe(3)
        expect(err).toContain('KEY_MISMATCH')
      }
      // With the key of the gateway among the keys, it works.
      const keys = ['--key-file', otherKey, '--key-file', path.join(it.folder, 'store.key')]
      expect(await run(['status', ...keys], it.env)).toMatchObject({ code: 0 })
      expect((await it.signIn('alice')).serverUrl).toBe(it.server.resource)
    })

    test('start: status prints the backlog', async () => {
      await using it = await gateway(kind)
      await it.signIn('alice')
      await it.signIn('bob')
      const { code, out } = await run(['status', '--json'], it.env)
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ due: 2, lateSeconds: expect.any(Number) })
      expect((await run(['status'], it.env)).out).toContain('due now    2 grants\n')
    })

    test(
      'start: reencrypt encrypts everything with the newest key while the old one stays usable',
      { tags: ['C-06'] },
      async () => {
        await using it = await gateway(kind)
        await it.signIn('alice')
        const newKey = path.join(it.folder, 'new.key')
        await writeFile(newKey, randomBytes(32))
        const keys = ['--key-file', newKey, '--key-file', path.join(it.folder, 'store.key')]
        const { code, out } = await run(['reencrypt', ...keys, '--json'], it.env)
        // The signal of these runs is aborted, as by Ctrl-C.
        expect({ code, out }).toEqual({ code: 130, out: '' })
        const program = startProgram(['reencrypt', ...keys, '--json', '--rate', '100000'], it.env)
        const done = await program.ended
        expect(done).toMatchObject({ code: 0 })
        expect(JSON.parse(done.out)).toMatchObject({ complete: true, unreadable: 0 })
        expect(await run(['status', '--key-file', newKey], it.env)).toMatchObject({ code: 0 })
        expect(await run(['status'], it.env)).toMatchObject({ code: 3 })
      },
    )

    test('start: an address that is in use ends with exit code 4', async () => {
      await using it = await gateway(kind)
      const first = it.worker()
      const { url } = await first.logged('started')
      const listen = new URL(String(url)).host
      const { code, err } = await run(['run', '--listen', listen], it.env)
      expect(code).toBe(4)
      expect(lines(err).at(-1)).toMatchObject({ event: 'failed', code: 'LISTEN_FAILED' })
    })

    test('start: the log in text has one line for each event', async () => {
      await using it = await gateway(kind)
      const { code, err } = await run(['run', '--log-format', 'text', '--listen', 'off'], it.env)
      expect(code).toBe(0)
      expect(err).toMatch(
        /^\S+Z INFO  started .*\n\S+Z INFO  stopping inFlight=0\n\S+Z INFO  stopped\n$/,
      )
    })
  })
}

const [postgres] = databaseKinds

describe.runIf(postgres?.url !== undefined)('evergrant-worker at its start in PostgreSQL', () => {
  test('start: a missing table ends with exit code 3, and --create-table creates it', async () => {
    if (postgres === undefined) return
    await using it = await gateway(postgres)
    const table = `worker_test_${randomBytes(6).toString('hex')}`
    const env = { ...it.env, EVERGRANT_WORKER_TABLE: table }
    const { code, err } = await run(['run'], env)
    expect(code).toBe(3)
    expect(lines(err).at(-1)).toMatchObject({ event: 'failed', code: 'TABLE_MISSING' })
    expect(await run(['status'], env)).toMatchObject({ code: 3 })
    expect(await run(['run', '--create-table'], env)).toMatchObject({ code: 0 })
    expect(await run(['status'], env)).toMatchObject({ code: 0 })
    await dropTable(postgres.url, table)
  })

  test('start: the password of the database is in no output', { tags: ['C-06'] }, async () => {
    if (postgres === undefined) return
    await using it = await gateway(postgres)
    const url = new URL(postgres.url ?? '')
    url.password = 'hunter2%2Fsecret'
    const env = { ...it.env, EVERGRANT_WORKER_DATABASE_URL: url.href }
    const worker = startProgram(['run'], env)
    await worker.logged('started')
    worker.process.kill('SIGTERM')
    const { code, out, err } = await worker.ended
    expect(code).toBe(0)
    expect(out + err).not.toContain('hunter2')
    url.pathname = '/no-such-database'
    const failed = await run(['run'], { ...it.env, EVERGRANT_WORKER_DATABASE_URL: url.href })
    expect(failed).toMatchObject({ code: 4 })
    expect(failed.err).toContain('(3D000)')
    expect(failed.err).not.toContain('hunter2')
  })
})

async function dropTable(url: string | undefined, table: string): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 2 })
  await pool.query(`DROP TABLE ${table}`)
  await pool.end()
}
