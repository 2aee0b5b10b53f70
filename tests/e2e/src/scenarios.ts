import { setTimeout as sleep } from 'node:timers/promises'
import type { InteractiveSignIn } from '@evergrant/client'
import type { Happening, Tally, Testbed } from './testbed.ts'
import { startTestbed } from './testbed.ts'

/** How a scenario is run. */
export interface ScenarioOptions {
  readonly signIn: InteractiveSignIn
  readonly seconds: number
  /**
   * Default 2, to see many expiries soon. The client refreshes ahead by a fifth of it: what has to
   * be exact on a busy machine needs longer.
   */
  readonly accessTokenLifetimeSeconds?: number
  readonly onHappening?: (happening: Happening) => void
}

/** A number that was promised. */
export interface Promised {
  readonly what: string
  readonly expected: string
  readonly actual: number
  readonly kept: boolean
}

/** What a scenario came to. */
export interface ScenarioReport {
  readonly tally: Tally
  readonly promises: readonly Promised[]
  /** What the client says about it, where it has something to explain. */
  readonly explanation?: string
}

const callers = 8
const pauseMilliseconds = 120
const defaultLifetimeSeconds = 2

/** One sign-in, then tool calls from eight callers while access tokens expire again and again. */
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
  // The last part of a second does not count, since servers round their times down, and a refresh
  // comes a little ahead of expiry: with tokens of two seconds that is nearly every second.
  const mostExpiries = Math.ceil(options.seconds) + 1
  return {
    tally,
    promises: [
      between('expiries', tally.expiries, Math.max(1, leastExpiries), mostExpiries),
      exactly('refresh requests, one for each expiry', tally.refreshRequests, tally.expiries),
      exactly('401 answers to a token', tally.rejectedTokens, 0),
      exactly('sign-ins', tally.signIns, 1),
      exactly('failed calls', tally.failedCalls, 0),
    ],
  }
}

/** The same against a server that issues no refresh tokens: the client asks again, and says why. */
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
    promises: [
      atLeast('expiries', tally.expiries, 1),
      exactly('refresh requests', tally.refreshRequests, 0),
      exactly('sign-ins, one for each access token', tally.signIns, tally.expiries + 1),
      exactly('failed calls', tally.failedCalls, 0),
      atLeast('words that say why', noRefreshTokenReason.split(' ').length, 5),
    ],
  }
}

/** A wider scope is challenged and granted, and the refresh token survives. */
export async function stepUpScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { accessTokenLifetimeSeconds = defaultLifetimeSeconds } = options
  await using testbed = await startTestbed({
    ...options,
    refreshTokens: 'issued',
    accessTokenLifetimeSeconds,
  })
  await testbed.call('notes_list')
  await testbed.call('notes_add', { text: 'written after a step-up' })
  const { hasRefreshToken = false, scope = '' } = await testbed.session.status()
  const before = testbed.tally().refreshRequests
  await sleep(accessTokenLifetimeSeconds * 1000)
  await testbed.call('notes_add', { text: 'written after a refresh' })
  await settle(testbed)
  const tally = testbed.tally()
  return {
    tally,
    explanation: `The grant now covers ${scope}.`,
    promises: [
      exactly('sign-ins, the second one for the wider scope', tally.signIns, 2),
      exactly('refresh tokens after the step-up', hasRefreshToken ? 1 : 0, 1),
      atLeast('refreshes with the wider scope', tally.refreshRequests - before, 1),
      exactly('failed calls', tally.failedCalls, 0),
    ],
  }
}

async function callForAWhile(testbed: Testbed, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1000
  // One call first: a person signs in once, and then goes to work.
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

/** Lets a refresh under way finish, and uses what it brought: a token is counted where it is seen. */
async function settle(testbed: Testbed): Promise<void> {
  await testbed.session.whenIdle()
  await testbed.call('notes_list')
  await testbed.session.whenIdle()
}

function exactly(what: string, actual: number, expected: number): Promised {
  return { what, expected: String(expected), actual, kept: actual === expected }
}

function between(what: string, actual: number, least: number, most: number): Promised {
  const kept = actual >= least && actual <= most
  return { what, expected: `${least} to ${most}`, actual, kept }
}

function atLeast(what: string, actual: number, least: number): Promised {
  return { what, expected: `≥ ${least}`, actual, kept: actual >= least }
}
