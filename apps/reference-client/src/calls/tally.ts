import type { ClientEvent, Observer } from '@evergrant/client'

/** Counts of what happened to the sign-in during the calls. */
export interface TallyReading {
  /** Refreshes of this process. */
  readonly refreshes: number
  /** Refreshes of other processes whose tokens this process adopted. */
  readonly adopted: number
  /** How often the user (or `--headless`) signed in. */
  readonly signIns: number
}

/** Counts the client's events, and prints a line for each that the user may want to see live. */
export function createTally(say: (line: string) => void): {
  readonly observe: Observer
  read(): TallyReading
} {
  let refreshes = 0
  let adopted = 0
  let signIns = 0
  return {
    observe(event) {
      if (event.type === 'refresh-succeeded') refreshes += 1
      if (event.type === 'refresh-adopted') adopted += 1
      if (event.type === 'signed-in') signIns += 1
      const line = describe(event)
      if (line !== null) say(line)
    },
    read: () => ({ refreshes, adopted, signIns }),
  }
}

function describe(event: ClientEvent): string | null {
  switch (event.type) {
    case 'refresh-succeeded':
      return `refreshed (${event.reason}) in ${Math.round(event.durationSeconds * 1000)} ms`
    case 'refresh-adopted':
      return `adopted the refresh of another process (${event.reason})`
    case 'refresh-failed':
      return `refresh failed (${event.oauthError ?? event.outcome})`
    case 'refresh-deferred':
      return `refresh deferred (${event.because})`
    case 'refresh-recovering':
      return 'repeating an unfinished refresh'
    case 'signed-in':
      return `signed in, refresh token ${event.refreshToken === 'issued' ? 'issued' : 'not issued'}`
    case 'grant-ended':
      return `grant ended (${event.reason})`
    case 'scope-narrowed':
      return `scope not granted: ${event.missingScopes.join(' ')}`
    case 'save-failed':
      return 'new tokens could not be saved yet; they stay in memory until they are saved'
    case 'assumption-made':
      return `assumed: ${event.assumption.message}`
    case 'client-registered-again':
      return `registered the client again (${event.reason})`
    case 'sign-in-fallback':
      return `signing in again: ${event.explanation}`
    case 'grant-expiring':
      return `the ${event.expires === 'authorization' ? 'authorization' : 'refresh token'} ends in ${Math.floor(event.remainingSeconds / 3600)} h (${event.source}); sign in again before`
    case 'refresh-started':
    case 'lock-waited':
    case 'signed-out':
      break
  }
  return null
}
