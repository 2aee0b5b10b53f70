import type { ClientId, ModeledClient } from './clients/client-model.ts'
import { askingDefaults, getsRefreshToken } from './clients/client-model.ts'
import { createOurClient } from './clients/ours.ts'
import { createSdkClient } from './clients/sdk.ts'
import type { Scenario } from './scenario/scenario.ts'
import type { Counts, SimulationEvent } from './world/events.ts'
import type { World } from './world/world.ts'
import { createWorld } from './world/world.ts'

/** The time of one grant at the server. */
export interface GrantSpan {
  readonly startSeconds: number
  /** Absent: it was alive at the end. */
  readonly endSeconds?: number
}

/** What happened to one client. */
export interface Run {
  readonly client: ClientId
  /** Whether the server issued refresh tokens to it. */
  readonly hasRefreshToken: boolean
  readonly counts: Counts
  /** In order of time; bounded for very long runs. */
  readonly events: readonly SimulationEvent[]
  readonly grants: readonly GrantSpan[]
}

/**
 * Simulates one client. Pure: the same scenario gives the same run.
 *
 * @param scenario - Build it by hand, or with {@link drawScenario}.
 */
export function simulate(client: ClientId, scenario: Scenario): Run {
  const hasRefreshToken = getsRefreshToken(askingDefaults[client], scenario.server)
  const world: World = createWorld(scenario, hasRefreshToken, () => ({
    signedIn: (tokens) => modeled.signedIn(tokens),
    killed(process) {
      modeled.killed(process)
      world.timeline.at(world.timeline.now() + scenario.timing.restartSeconds, () =>
        restart(process),
      )
    },
  }))
  const modeled: ModeledClient =
    client === 'ours' ? createOurClient(world) : createSdkClient(client === 'sdk-v1' ? 1 : 2, world)

  function call(process: number): void {
    if (world.faults.isAsleep(world.timeline.now())) return
    world.log.countCall()
    if (!modeled.isReady(process)) world.startIn(process, modeled.call(process))
  }

  function callAtOnce(process: number): void {
    for (let count = 0; count < scenario.callsAtOnce; count += 1) call(process)
  }

  function restart(process: number): void {
    world.end(process)
    world.record('restarted', process)
    modeled.restarted(process)
    callAtOnce(process)
  }

  for (const fault of scenario.faults) {
    if (fault.kind === 'restart') {
      world.timeline.at(fault.atSeconds, () => restart(fault.process))
    }
    if (fault.kind === 'sleep') {
      world.timeline.at(fault.atSeconds + fault.forSeconds, () => {
        for (let process = 0; process < scenario.processes; process += 1) callAtOnce(process)
      })
    }
  }
  for (const { atSeconds, process } of scenario.calls) {
    world.timeline.runUntil(atSeconds)
    call(process)
  }
  world.timeline.runUntil(scenario.durationSeconds)

  return {
    client,
    hasRefreshToken,
    counts: world.log.counts(),
    events: world.log.events,
    grants: world.server.grants.map(({ startSeconds, endSeconds }) =>
      endSeconds === undefined ? { startSeconds } : { startSeconds, endSeconds },
    ),
  }
}
