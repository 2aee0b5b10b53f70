import { describe, expect, test } from 'vitest'
import { databaseKinds, noteMissing } from './support/databases.ts'
import { gateway, operations } from './support/gateway.ts'
import { lines } from './support/program.ts'

for (const kind of databaseKinds) {
  noteMissing(`evergrant-worker at its stop over ${kind.name}`, kind)

  describe.runIf(kind.url !== undefined)(`evergrant-worker at its stop over ${kind.name}`, () => {
    test('stop: a second signal ends the program at once', async () => {
      await using it = await gateway(kind)
      await it.signIn('alice')
      it.as.faults.token.push({ kind: 'hang' })
      const worker = it.worker()
      await expect.poll(() => it.as.refreshRequests()).toBe(1)
      worker.process.kill('SIGINT')
      await worker.logged('stopping')
      expect(await operations(worker, 'readyz')).toMatchObject({ status: 503 })
      worker.process.kill('SIGINT')
      expect((await worker.ended).code).toBe(130)
    })

    test('stop: a refresh that does not end within --stop-timeout fails the stop', async () => {
      await using it = await gateway(kind)
      await it.signIn('alice')
      it.as.faults.token.push({ kind: 'hang' })
      const worker = it.worker({ EVERGRANT_WORKER_STOP_TIMEOUT: '0' })
      await expect.poll(() => it.as.refreshRequests()).toBe(1)
      worker.process.kill('SIGTERM')
      const { code, err } = await worker.ended
      expect(code).toBe(4)
      expect(lines(err).at(-1)).toMatchObject({ event: 'failed', code: 'NOT_STOPPED' })
    })
  })
}
