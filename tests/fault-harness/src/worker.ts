/**
 * An application process: it opens the shared store and requests tokens on the parent's command. It
 * stops a refresh at the step that the parent names, so that the parent can kill it exactly there.
 */
import { createHash } from 'node:crypto'
import process from 'node:process'
import { createSession, EvergrantClientError } from '@evergrant/client'
import type { AccessToken, Clock, RecordStore, Session } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import type { Answer, Command, Report, Work, WorkerSettings } from './messages.ts'
import type { RefreshStep } from './refresh-steps.ts'
import { refreshSteps } from './refresh-steps.ts'
import { openStore } from './stores/open-store.ts'

let standsAtEpochSeconds: number | undefined
let clockSkewSeconds = 0
let clockOffsetSeconds = 0
let stopAt: RefreshStep | undefined
let goOn: (() => void) | undefined
let failWritesWith: string | undefined
let session: Session | undefined
let fetchAsSignedIn: typeof globalThis.fetch | undefined

const clock: Clock = {
  nowEpochSeconds: () =>
    (standsAtEpochSeconds ?? Date.now() / 1000) + clockOffsetSeconds + clockSkewSeconds,
  sleep: (milliseconds) =>
    new Promise((resolve) => {
      setTimeout(resolve, milliseconds)
    }),
}

process.on('message', (message) => {
  // Only the parent writes to this channel.
  obey(message as Command).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  })
})
// Exit with the parent; otherwise the process would run forever.
process.on('disconnect', () => process.exit(0))

async function obey(command: Command): Promise<void> {
  switch (command.do) {
    case 'open':
      await open(command.settings)
      tell({ report: 'open' })
      return
    case 'stop-at':
      stopAt = command.step
      return
    case 'go-on':
      stopAt = undefined
      goOn?.()
      return
    case 'fail-writes':
      failWritesWith = command.code
      return
    case 'tokens':
      await work(command, async (current) => current.token())
      return
    case 'requests':
      await work(command, async (current) => current.request())
      return
    case 'idle':
      clockOffsetSeconds = command.clockOffsetSeconds
      await session?.whenIdle()
      tell({ report: 'answer', id: command.id, answer: tally([]) })
      return
  }
}

async function open(settings: WorkerSettings): Promise<void> {
  clockSkewSeconds = settings.clockSkewSeconds
  standsAtEpochSeconds = settings.standsAtEpochSeconds
  const steps = refreshSteps(breakable((await openStore(settings.store)).store), atStep)
  session = createSession(settings.serverUrl, {
    store: steps.store,
    fetch: steps.fetch,
    client: { name: 'fault harness' },
    clock,
    requestTimeoutMilliseconds: settings.requestTimeoutMilliseconds,
    refresh: {
      maximumWaitSeconds: settings.maximumWaitSeconds,
      ...(settings.initialBackoffSeconds === undefined
        ? {}
        : { serverHealth: { initialBackoffSeconds: settings.initialBackoffSeconds } }),
    },
  })
  fetchAsSignedIn = authorizedFetch(session)
}

/** Wraps the store so that writes fail on command, as on a full disk. */
function breakable(store: RecordStore): RecordStore {
  return {
    ...store,
    async write(name, body, expectedGeneration, dueInSeconds) {
      if (failWritesWith !== undefined) {
        throw Object.assign(new Error(`${failWritesWith}: write`), { code: failWritesWith })
      }
      return await store.write(name, body, expectedGeneration, dueInSeconds)
    },
  }
}

async function atStep(step: RefreshStep): Promise<void> {
  if (stopAt !== step) return
  stopAt = undefined
  const released = Promise.withResolvers<void>()
  goOn = released.resolve
  tell({ report: 'at-step', step })
  await released.promise
}

interface Outcome {
  readonly token?: AccessToken
  readonly status?: number
}

async function work(
  { id, count, clockOffsetSeconds: offset }: Work,
  one: (current: { token(): Promise<Outcome>; request(): Promise<Outcome> }) => Promise<Outcome>,
): Promise<void> {
  clockOffsetSeconds = offset
  const current = session
  const send = fetchAsSignedIn
  if (current === undefined || send === undefined)
    throw new Error('The parent sent work before `open`.')
  const ways = {
    token: async () => ({ token: await current.getAccessToken() }),
    async request() {
      const response = await send(current.serverUrl)
      await response.arrayBuffer()
      return { status: response.status }
    },
  }
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => one(ways)))
  tell({ report: 'answer', id, answer: tally(outcomes) })
}

function tally(outcomes: readonly PromiseSettledResult<Outcome>[]): Answer {
  const errors: Record<string, number> = {}
  const statuses: Record<string, number> = {}
  const tokens = new Set<string>()
  let succeeded = 0
  let firstError: string | undefined
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      const error: unknown = outcome.reason
      const code = EvergrantClientError.is(error) ? error.code : 'ANOTHER_ERROR'
      errors[code] = (errors[code] ?? 0) + 1
      firstError ??= String(error)
      continue
    }
    succeeded += 1
    const { token, status } = outcome.value
    if (token !== undefined) tokens.add(digest(token.value))
    if (status !== undefined) statuses[status] = (statuses[status] ?? 0) + 1
  }
  return {
    succeeded,
    errors,
    ...(firstError === undefined ? {} : { firstError }),
    tokens: [...tokens],
    statuses,
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 16)
}

function tell(report: Report): void {
  process.send?.(report)
}
