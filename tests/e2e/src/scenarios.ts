import { setTimeout as sleep } from 'node:timers/promises'
import type { InteractiveSignIn } from '@evergrant/client'
import type { DemoEvent, Tally, Testbed } from './testbed.ts'
import { startTestbed } from './testbed.ts'

/** Options of each scenario. */
export interface ScenarioOptions {
  readonly signIn: InteractiveSignIn
  readonly seconds: number
  /**
   * Default 2, to show many expiries quickly. The client refreshes ahead by a fifth of it, so exact
   * counts on a busy machine need a longer lifetime.
   */
  readonly accessTokenLifetimeSeconds?: number
  readonly observe?: (event: DemoEvent) => void
}

/** A count, and whether it is as expected. */
export interface Check {
  readonly what: string
  readonly expected: string
  readonly actual: number
  readonly passed: boolean
}

/** The result of a scenario. */
export interface ScenarioReport {
  readonly tally: Tally
  readonly checks: readonly Check[]
  /** The client's explanation, if it has one. */
  readonly explanation?: string
}

const callers = 8
const pauseMilliseconds = 120
const defaultLifetimeSeconds = 2

/** One sign-in, then tool calls from eight callers while access tokens expire repeatedly. */
export async function refreshScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { accessTokenLifetimeSeconds = defaultLifetimeSeconds } = options
  await using testbed = await startTestbed({
    ...options,
    refreshTokens: 'issued',
    accessTokenLifetimeSeconds,
  })
  await callForAWhile(testbed, options.seconds)
  await settle(testbed)
  const tally = testbed.tally()
  const leastExpiries = Math.floor(options.seconds / accessTokenLifetimeSeconds) - 1
  // Servers round their times down to the second, and the client refreshes before expiry. With a
  // lifetime of two seconds that is nearly one refresh per second.
  const mostExpiries = Math.ceil(options.seconds) + 1
  return {
    tally,
    checks: [
      between('expiries', tally.expiries, Math.max(1, leastExpiries), mostExpiries),
      exactly('refresh requests, one for each expiry', tally.refreshRequests, tally.expiries),
      exactly('401 responses to a token', tally.rejectedTokens, 0),
      exactly('sign-ins', tally.signIns, 1),
      exactly('failed calls', tally.failedCalls, 0),
    ],
  }
}

/** The same at a server that issues no refresh tokens: the client signs in again and says why. */
export async function noRefreshTokenScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { accessTokenLifetimeSeconds = defaultLifetimeSeconds } = options
  await using testbed = await startTestbed({
    ...options,
    refreshTokens: 'never',
    accessTokenLifetimeSeconds,
  })
  await callForAWhile(testbed, options.seconds)
  const { noRefreshTokenReason = '' } = await testbed.session.status()
  await settle(testbed)
  const tally = testbed.tally()
  return {
    tally,
    explanation: noRefreshTokenReason,
    checks: [
      atLeast('expiries', tally.expiries, 1),
      exactly('refresh requests', tally.refreshRequests, 0),
      exactly('sign-ins, one for each access token', tally.signIns, tally.expiries + 1),
      exactly('failed calls', tally.failedCalls, 0),
      atLeast('words of the explanation', noRefreshTokenReason.split(' ').length, 5),
    ],
  }
}

/** A step-up: the server challenges for a wider scope, and the refresh token survives. */
export async function stepUpScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { accessTokenLifetimeSeconds = defaultLifetimeSeconds } = options
  await using testbed = await startTestbed({
    ...options,
    refreshTokens: 'issued',
    accessTokenLifetimeSeconds,
  })
  await testbed.call('notes_list')
  await testbed.call('notes_write', { title: 'written after a step-up', text: '' })
  const { hasRefreshToken = false, scope = '' } = await testbed.session.status()
  const before = testbed.tally().refreshRequests
  await sleep(accessTokenLifetimeSeconds * 1000)
  await testbed.call('notes_write', { title: 'written after a refresh', text: '' })
  await settle(testbed)
  const tally = testbed.tally()
  return {
    tally,
    explanation: `The grant now covers ${scope}.`,
    checks: [
      exactly('sign-ins, the second one for the wider scope', tally.signIns, 2),
      exactly('refresh tokens after the step-up', hasRefreshToken ? 1 : 0, 1),
      atLeast('refreshes with the wider scope', tally.refreshRequests - before, 1),
      exactly('failed calls', tally.failedCalls, 0),
    ],
  }
}

async function callForAWhile(testbed: Testbed, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1000
  // One call first, so that the sign-in happens before the concurrent calls.
  await testbed.call('notes_list')
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (Date.now() < until) {
        await testbed.call('notes_list')
        await sleep(pauseMilliseconds)
      }
    }),
  )
}

/**
 * Waits for a refresh in progress, and uses its token: tokens are counted on the wire. The call can itself
 * start a refresh, whose token is then used, too.
 */
async function settle(testbed: Testbed): Promise<void> {
  await testbed.session.whenIdle()
  let before: number
  do {
    before = testbed.tally().refreshRequests
    await testbed.call('notes_list')
    await testbed.session.whenIdle()
  } while (testbed.tally().refreshRequests !== before)
}

function exactly(what: string, actual: number, expected: number): Check {
  return { what, expected: String(expected), actual, passed: actual === expected }
}

function between(what: string, actual: number, least: number, most: number): Check {
  const passed = actual >= least && actual <= most
  return { what, expected: `${least} to ${most}`, actual, passed }
}

function atLeast(what: string, actual: number, least: number): Check {
  return { what, expected: `≥ ${least}`, actual, passed: actual >= least }
}
