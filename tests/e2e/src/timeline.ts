import type { ClientEvent } from '@evergrant/client'
import type { ScenarioReport } from './scenarios.ts'
import type { Happening } from './testbed.ts'

/** Turns happenings into lines for a terminal: what a person would want to see, and no more. */
export function timeline(write: (line: string) => void): (happening: Happening) => void {
  const startedAt = Date.now()
  let calls = 0
  function line(mark: string, text: string): void {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)
    const since = calls === 0 ? '' : `  (${calls} calls since)`
    calls = 0
    write(`${seconds} s  ${mark}  ${text}${since}`)
  }
  return (happening) => {
    switch (happening.type) {
      case 'sign-in':
        line('●', 'a person signs in')
        break
      case 'call':
        if (happening.ok) calls += 1
        else line('✗', `a call failed: ${happening.error ?? ''}`)
        break
      case 'event': {
        const text = wordsFor(happening.event)
        if (text !== undefined) line('↻', text)
        break
      }
    }
  }
}

function wordsFor(event: ClientEvent): string | undefined {
  switch (event.type) {
    case 'refresh-succeeded':
      return `the access token is refreshed (${event.reason.replaceAll('-', ' ')}), the refresh token ${event.rotated ? 'rotated' : 'kept'}`
    case 'refresh-failed':
      return `a refresh failed: ${event.outcome}`
    case 'grant-ended':
      return `the grant ended: ${event.reason}`
    case 'signed-in':
      return `signed in; a refresh token was ${event.refreshToken === 'issued' ? 'issued' : 'not issued'}`
    default:
      return undefined
  }
}

/** The promised numbers as a table. */
export function table(report: ScenarioReport): string {
  const width = Math.max(...report.promises.map(({ what }) => what.length))
  return report.promises
    .map(
      ({ what, expected, actual, kept }) =>
        `  ${kept ? '✓' : '✗'} ${what.padEnd(width)}  ${String(actual).padStart(5)}   promised ${expected}`,
    )
    .join('\n')
}
