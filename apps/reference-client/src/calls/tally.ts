import type { ClientEvent, Observer } from '@evergrant/client'

/** What happened to the sign-in while calls were made. */
export interface TallyReading {
  /** Refreshes this process did. */
  readonly refreshes: number
  /** Refreshes of other processes that were taken over. */
  readonly adopted: number
  /** How often a person (or `--headless`) signed in. */
  readonly signIns: number
}

/** Counts the client's events, and says in a line each what a person may want to see live. */
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
      return `took over the refresh of another process (${event.reason})`
    case 'refresh-failed':
      return `a refresh brought no tokens (${event.oauthError ?? event.outcome})`
    case 'refresh-deferred':
      return `a refresh is put off (${event.because})`
    case 'refresh-recovering':
      return 'repeats a refresh that was begun and not finished'
    case 'signed-in':
      return `signed in, refresh token ${event.refreshToken === 'issued' ? 'issued' : 'not issued'}`
    case 'grant-ended':
      return `the grant has ended (${event.reason})`
    case 'scope-narrowed':
      return `not granted: ${event.missingScopes.join(' ')}`
    case 'save-failed':
      return 'new tokens could not be saved yet, and are kept in memory until they are'
    case 'refresh-started':
    case 'lock-waited':
    case 'signed-out':
      break
  }
  return null
}
