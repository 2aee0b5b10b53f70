/**
 * A process with a refresh worker. It stops a refresh at the step that the parent names, so that the
 * parent can kill it exactly there.
 */
import process from 'node:process'
import type { Clock } from '@evergrant/client'
import { createRefreshWorker } from '@evergrant/client/refresh-worker'
import { refreshSteps } from '../refresh-steps.ts'
import { openStore } from '../stores/open-store.ts'
import type { FleetCommand, FleetReport, FleetWorkerSettings, WorkerStep } from './messages.ts'

let clockOffsetSeconds = 0
let stopAt: WorkerStep | undefined
let goOn: (() => void) | undefined

const clock: Clock = {
  nowEpochSeconds: () => Date.now() / 1000 + clockOffsetSeconds,
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      function abort(): void {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }, milliseconds)
      signal?.addEventListener('abort', abort, { once: true })
    }),
}

process.on('message', (message) => {
  // Only the parent writes to this channel.
  obey(message as FleetCommand).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  })
})
// Exit with the parent; otherwise the process would run forever.
process.on('disconnect', () => process.exit(0))

async function obey(command: FleetCommand): Promise<void> {
  switch (command.do) {
    case 'start':
      await start(command.settings)
      tell({ report: 'started' })
      return
    case 'clock':
      ;({ clockOffsetSeconds } = command)
      tell({ report: 'noted' })
      return
    case 'stop-at':
      stopAt = command.step
      tell({ report: 'noted' })
      return
    case 'go-on':
      stopAt = undefined
      goOn?.()
      return
  }
}

async function start(settings: FleetWorkerSettings): Promise<void> {
  ;({ clockOffsetSeconds } = settings)
  const { store } = await openStore(settings.store)
  const steps = settings.stepped ? refreshSteps(store, atStep) : { store, fetch }
  const worker = createRefreshWorker(steps.store, {
    fetch: steps.fetch,
    clock,
    requestTimeoutMilliseconds: settings.requestTimeoutMilliseconds,
    // With steps, one refresh at a time shows which refresh is at which step.
    maximumInFlight: settings.stepped ? 1 : 64,
    pollSeconds: 0.1,
    serverHealth: { initialBackoffSeconds: 0.1 },
    async onNeedsReauth({ id }) {
      await atStep('before-notice')
      tell({ report: 'notice', id })
      await atStep('after-notice')
    },
  })
  await worker.start()
}

async function atStep(step: WorkerStep): Promise<void> {
  if (stopAt !== step) return
  stopAt = undefined
  const released = Promise.withResolvers<void>()
  goOn = released.resolve
  tell({ report: 'at-step' })
  await released.promise
}

function tell(report: FleetReport): void {
  process.send?.(report)
}
