import type { ClientEvent } from '@evergrant/client'
import type { ScenarioReport } from './scenarios.ts'
import type { DemoEvent } from './testbed.ts'

/** Writes a line per event that a reader of the demo needs to see. */
export function timeline(write: (line: string) => void): (event: DemoEvent) => void {
  const startedAt = Date.now()
  let calls = 0
  function line(mark: string, text: string): void {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)
    const since = calls === 0 ? '' : `  (${calls} calls since)`
    calls = 0
    write(`${seconds} s  ${mark}  ${text}${since}`)
  }
  return (demoEvent) => {
    switch (demoEvent.type) {
      case 'sign-in':
        line('●', 'sign-in starts')
        break
      case 'call':
        if (demoEvent.ok) calls += 1
        else line('✗', `a call failed: ${demoEvent.error ?? ''}`)
        break
      case 'event': {
        const text = describe(demoEvent.event)
        if (text !== undefined) line('↻', text)
        break
      }
    }
  }
}

function describe(event: ClientEvent): string | undefined {
  switch (event.type) {
    case 'refresh-succeeded':
      return `access token refreshed (${event.reason.replaceAll('-', ' ')}), refresh token ${event.rotated ? 'rotated' : 'kept'}`
    case 'refresh-failed':
      return `refresh failed: ${event.outcome}`
    case 'grant-ended':
      return `grant ended: ${event.reason}`
    case 'signed-in':
      return `signed in, refresh token ${event.refreshToken === 'issued' ? 'issued' : 'not issued'}`
    default:
      return undefined
  }
}

/** The checks as a table. */
export function table(report: ScenarioReport): string {
  const width = Math.max(...report.checks.map(({ what }) => what.length))
  return report.checks
    .map(
      ({ what, expected, actual, passed }) =>
        `  ${passed ? '✓' : '✗'} ${what.padEnd(width)}  ${String(actual).padStart(5)}   expected ${expected}`,
    )
    .join('\n')
}
