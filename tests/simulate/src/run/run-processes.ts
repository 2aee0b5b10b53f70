import { hours } from '../time/units.ts'
import type { Client, RunningProcess } from '../clients/client.ts'
import type { Life } from '../world/machine.ts'
import { networkOf } from '../world/network.ts'
import type { World } from '../world/world.ts'
import { timing } from '../world/world.ts'

interface ProcessState {
  running: RunningProcess | undefined
  life: Life | undefined
  /** A call is under way, or waits for the user. */
  isBusy: boolean
  /** The expiry of the token that the last call was answered with. */
  usedExpiry: number | undefined
}

export interface RunOptions {
  readonly processes: number
  /** Whether the month is over, because the first sign-in was refused. */
  readonly hasFailed: () => boolean
}

/** A token may be accepted when a call is sent, and refused when it arrives. */
const marginSeconds = 5

/** After an hour in which every call failed and no page opened, the user removes the stored tokens. */
const patienceSeconds = hours(1)

/** Starts all processes and lets them call, sleep and restart as the month says. */
export function runProcesses(
  client: Client,
  world: World,
  { processes, hasFailed }: RunOptions,
): void {
  const { timeline, machine, month, counts } = world
  const states = Array.from({ length: processes }, (): ProcessState => ({
    running: undefined,
    life: undefined,
    isBusy: false,
    usedExpiry: undefined,
  }))

  function start(process: number, state: ProcessState): void {
    const life = machine.startLife(process)
    state.life = life
    state.isBusy = false
    state.usedExpiry = undefined
    state.running = client.start({
      life,
      fetch: networkOf(world, life, () => restart(process, state)),
    })
  }

  function restart(process: number, state: ProcessState): void {
    state.life?.end()
    state.running = undefined
    machine.at(timeline.now() + timing.restartSeconds, () => {
      if (state.running !== undefined) return
      start(process, state)
      call(process, state)
    })
  }

  /** Whether a call would only send a token. */
  function isSettled(process: number, { usedExpiry }: ProcessState): boolean {
    const expiry = client.expiryFor(process)
    return (
      expiry !== undefined &&
      (expiry === usedExpiry || !client.remembersToken) &&
      expiry - world.nowEpochSeconds() > client.aheadSeconds + marginSeconds
    )
  }

  /** Since when every call of the client has failed. Failures in an outage do not count. */
  let failingSince: number | undefined

  function noteResult(isAnswered: boolean): void {
    if (!isAnswered) counts.failedCalls += 1
    if (isAnswered || world.outage() !== undefined) {
      failingSince = undefined
      return
    }
    failingSince ??= timeline.now()
    if (timeline.now() - failingSince < patienceSeconds) return
    failingSince = undefined
    counts.resets += 1
    client.reset()
  }

  function call(process: number, state: ProcessState): 'idle' | void {
    const { running } = state
    if (running === undefined || state.isBusy || machine.isAsleep()) return 'idle'
    if (isSettled(process, state)) return 'idle'
    state.isBusy = true
    void finish(running.call(), process, state)
  }

  async function finish(
    called: Promise<boolean>,
    process: number,
    state: ProcessState,
  ): Promise<void> {
    const { life } = state
    const isAnswered = await called
    if (life?.isAlive() !== true) return
    state.isBusy = false
    if (isAnswered) state.usedExpiry = client.expiryFor(process)
    noteResult(isAnswered)
    if (hasFailed()) timeline.stop()
  }

  for (const [process, state] of states.entries()) {
    start(process, state)
    for (const at of month.calls[process] ?? []) timeline.at(at, () => call(process, state))
    for (const { to } of month.sleeps) timeline.at(to, () => call(process, state))
  }
  for (const { at, process } of month.restarts) {
    const state = states[process]
    if (state !== undefined) machine.at(at, () => restart(process, state))
  }
}
