import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startFetchServer } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { databaseKinds, noteMissing } from './support/databases.ts'
import { gateway, operations, valueOf } from './support/gateway.ts'
import { lines } from './support/program.ts'
import { receiveNotice } from './support/receive-notice.ts'

for (const kind of databaseKinds) {
  noteMissing(`evergrant-worker over ${kind.name}`, kind)

  describe.runIf(kind.url !== undefined)(`evergrant-worker over ${kind.name}`, () => {
    test(
      'worker: two processes refresh each due grant once, and stop in order',
      { tags: ['C-51'] },
      async () => {
        await using it = await gateway(kind)
        for (let user = 1; user <= 20; user += 1) await it.signIn(`user-${user}`)
        const workers = [it.worker(), it.worker()]
        await Promise.all(workers.map((worker) => worker.logged('started')))
        await expect.poll(() => it.as.count('token', 'refreshed')).toBe(20)
        for (const worker of workers) worker.process.kill('SIGTERM')
        for (const { code, err } of await Promise.all(workers.map((worker) => worker.ended))) {
          expect(code).toBe(0)
          expect(lines(err).map(({ event }) => event)).toEqual(['started', 'stopping', 'stopped'])
        }
        expect(it.as.refreshRequests()).toBe(20)
        expect(it.as.grants().every(({ alive }) => alive)).toBe(true)
      },
    )

    test('worker: health, readiness and metrics are served', async () => {
      await using it = await gateway(kind)
      await it.signIn('alice')
      const worker = it.worker()
      await expect.poll(() => it.as.count('token', 'refreshed')).toBeGreaterThanOrEqual(1)
      expect(await operations(worker, 'healthz')).toEqual({ status: 200, text: 'ok\n' })
      expect(await operations(worker, 'readyz')).toEqual({ status: 200, text: 'ok\n' })
      await expect
        .poll(async () =>
          valueOf(
            (await operations(worker, 'metrics')).text,
            'evergrant_client_refreshes_total',
            'outcome="succeeded"',
          ),
        )
        .toBeGreaterThanOrEqual(1)
      const { text } = await operations(worker, 'metrics')
      expect(valueOf(text, 'evergrant_client_grants_due')).toBe(0)
      expect(valueOf(text, 'evergrant_client_refresh_worker_store_available')).toBe(1)
      expect(text).toContain(`issuer="${it.as.issuer}"`)
      expect(text).not.toContain('alice')
    })

    test(
      'worker: the host is notified of a grant that needs the user, also if the webhook fails first',
      { tags: ['C-06'] },
      async () => {
        await using it = await gateway(kind)
        const secret = `whsec_${randomBytes(32).toString('base64')}`
        await writeFile(path.join(it.folder, 'webhook.secret'), `${secret}\n`)
        const saved: (readonly [id: string, userId: string, serverUrl: string | undefined])[] = []
        const requests: (string | null)[] = []
        await using receiver = await startFetchServer(async (request) => {
          requests.push(request.headers.get('webhook-id'))
          return await receiveNotice(request, secret, (...notice) => {
            if (requests.length === 1) return Promise.reject(new Error('the gateway is busy'))
            saved.push(notice)
            return Promise.resolve()
          })
        })
        const session = await it.signIn('alice')
        it.as.revokeGrant()
        const worker = it.worker({
          EVERGRANT_WORKER_WEBHOOK_URL: `${receiver.url}/hooks/path-secret`,
          EVERGRANT_WORKER_WEBHOOK_SECRET_FILE: path.join(it.folder, 'webhook.secret'),
        })
        await worker.logged('started')
        await worker.logged('refresh-worker-notice-failed')
        await worker.logged('refresh-worker-notified')
        expect(requests).toHaveLength(2)
        expect(saved).toEqual([[requests[0], 'alice', it.server.resource]])
        expect(requests[1]).toBe(requests[0])
        const { text } = await operations(worker, 'metrics')
        const notices = 'evergrant_client_refresh_worker_notices_total'
        expect(valueOf(text, notices, 'outcome="failed"')).toBe(1)
        expect(valueOf(text, notices, 'outcome="delivered"')).toBe(1)
        expect(
          valueOf(text, 'evergrant_client_refreshes_refused_total', 'oauthError="invalid_grant"'),
        ).toBe(1)
        expect(worker.printed()).not.toMatch(/path-secret|whsec_/)
        expect((await session.status()).state).toBe('needs-reauth')
      },
    )

    test('worker: survives lost connections of the database', async () => {
      await using it = await gateway(kind)
      await it.signIn('alice')
      const worker = it.worker()
      await expect.poll(() => it.as.count('token', 'refreshed')).toBe(1)
      await it.database.cutOff()
      await it.signIn('bob')
      await expect.poll(() => it.as.count('token', 'refreshed')).toBe(2)
      worker.process.kill('SIGTERM')
      expect((await worker.ended).code).toBe(0)
    })
  })
}
