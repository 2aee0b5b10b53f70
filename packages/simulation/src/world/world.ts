import { seededRandom } from '../lib/seeded-random.ts'
import type { Latch, Task, Timeline } from '../lib/timeline.ts'
import { createLatch, createTimeline } from '../lib/timeline.ts'
import type { Scenario, Timing } from '../scenario/scenario.ts'
import type { AuthorizationServer, RefreshToken, Tokens } from '../server/authorization-server.ts'
import { createAuthorizationServer } from '../server/authorization-server.ts'
import type { EventLog, SimulationEvent } from './events.ts'
import { createEventLog } from './events.ts'
import type { FaultPlan } from './faults.ts'
import { createFaultPlan } from './faults.ts'

/** What a client gets for a refresh. */
export type RefreshAnswer =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'refused' }
  /** Status 503. */
  | { readonly kind: 'unavailable' }
  /** The connection broke: the server may have exchanged the token. */
  | { readonly kind: 'lost' }

/** What surrounds the client: time, the servers, the user and the faults. */
export interface World {
  readonly timeline: Timeline
  readonly server: AuthorizationServer
  readonly faults: FaultPlan
  readonly log: EventLog
  /** The tokens of the first sign-in. */
  readonly firstTokens: Tokens
  record(kind: SimulationEvent['kind'], process: number): void
  /** How long a request takes. */
  duration(name: Exclude<keyof Timing, 'restartSeconds' | 'signInSeconds'>): number
  /** Sends a refresh request. */
  refresh(process: number, presented: RefreshToken): Task<RefreshAnswer>
  /** Opens the authorization page. Resolves the latch when the user has signed in. */
  openPage(process: number): Latch
  /** Runs a task of a process, until the process is killed or restarted. */
  startIn(process: number, task: Task): void
  /** Ends all tasks of a process. */
  end(process: number): void
}

/** What the world tells the client. */
export interface WorldListener {
  /** The user signed in. */
  signedIn(tokens: Tokens): void
  /** The process was killed while it refreshed. */
  killed(process: number): void
}

/**
 * @param withRefreshToken - Whether the server issues refresh tokens to this client.
 */
export function createWorld(
  scenario: Scenario,
  withRefreshToken: boolean,
  listener: () => WorldListener,
): World {
  const { timing } = scenario
  const timeline = createTimeline()
  const server = createAuthorizationServer(scenario.server)
  const faults = createFaultPlan(scenario.faults)
  const log = createEventLog()
  const random = seededRandom(scenario.seed ^ 0x2c_1b_3c_6d)
  /** A task belongs to one life of its process. */
  const lives = new Map<number, number>()
  let signIn: Latch | undefined

  const record: World['record'] = (kind, process) => log.record(kind, process, timeline.now())
  const duration: World['duration'] = (name) => timing[name] * (0.5 + random())

  function* refresh(process: number, presented: RefreshToken): Task<RefreshAnswer> {
    if (faults.isAsleep(timeline.now())) {
      yield faults.nextAwakeSeconds(timeline.now()) - timeline.now()
    }
    const sentSeconds = timeline.now()
    const half = duration('refreshSeconds') / 2
    yield half
    const answer = answerRefresh(process, presented)
    yield half
    // The connection does not survive the sleep of the machine.
    if (faults.fellAsleep(sentSeconds, timeline.now())) {
      yield faults.nextAwakeSeconds(timeline.now()) - timeline.now()
      return { kind: 'lost' }
    }
    return answer
  }

  function answerRefresh(process: number, presented: RefreshToken): RefreshAnswer {
    const now = timeline.now()
    if (faults.isOut(now)) {
      record('unavailable', process)
      return { kind: 'unavailable' }
    }
    const result = server.refresh(presented, now)
    if (result.kind === 'refused') {
      record(result.because === 'reuse-detected' ? 'reuse-detected' : 'refused', process)
      return { kind: 'refused' }
    }
    if (faults.take('lost-response', now)) {
      record('response-lost', process)
      return { kind: 'lost' }
    }
    record(result.how === 'replayed' ? 'replayed' : 'refreshed', process)
    if (faults.take('kill', now)) {
      record('killed', process)
      end(process)
      listener().killed(process)
    }
    return { kind: 'tokens', tokens: result.tokens }
  }

  function openPage(process: number): Latch {
    record('page-opened', process)
    if (signIn !== undefined) return signIn
    const opened = createLatch()
    signIn = opened
    const doneSeconds = faults.nextUsableSeconds(timeline.now() + timing.signInSeconds)
    timeline.at(doneSeconds, () => {
      signIn = undefined
      record('signed-in', process)
      listener().signedIn(server.signIn(timeline.now(), withRefreshToken))
      opened.open()
    })
    return opened
  }

  function startIn(process: number, task: Task): void {
    const life = lives.get(process) ?? 0
    timeline.start(task, () => (lives.get(process) ?? 0) === life)
  }

  function end(process: number): void {
    lives.set(process, (lives.get(process) ?? 0) + 1)
  }

  return {
    timeline,
    server,
    faults,
    log,
    firstTokens: server.signIn(0, withRefreshToken),
    record,
    duration,
    refresh,
    openPage,
    startIn,
    end,
  }
}
