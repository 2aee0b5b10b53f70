import { askingDefaults } from '@evergrant/simulation'
import type { Run, SimulationEvent } from '@evergrant/simulation'

/** A number with its noun. */
export function counted(count: number, singular: string, plural: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? singular : plural}`
}

/** What happened to a client, for readers who do not see the drawing. */
export function describeRun({ client, counts, hasRefreshToken, events }: Run): string {
  const { name } = askingDefaults[client]
  const token = hasRefreshToken ? '' : ' The server issues no refresh token to it.'
  const refreshes = counted(counts.refreshes, 'refresh', 'refreshes')
  const signIns = counted(counts.signIns, 'sign-in', 'sign-ins')
  const times = events
    .filter(({ kind }) => kind === 'signed-in')
    .slice(0, 20)
    .map(({ atSeconds }) => formatTime(atSeconds))
  const when = times.length === 0 ? '' : ` The user signs in at ${times.join(', ')}.`
  return `${name}: ${refreshes}, ${counts.refusedRefreshes} refused, ${signIns}.${token}${when}`
}

/** The result in one sentence. */
export function summarize(runs: readonly Run[], hours: number): string {
  const parts = runs.map(
    ({ client, counts }) =>
      `${counts.signIns.toLocaleString('en')} with ${askingDefaults[client].name}`,
  )
  return `Sign-ins in ${counted(hours, 'hour', 'hours')}: ${parts.join(', ')}.`
}

/** Hours and minutes from the start. */
export function formatTime(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
}

/** What an event means. */
export const eventWords: Readonly<Record<SimulationEvent['kind'], string>> = {
  refreshed: 'refreshed',
  replayed: 'got the same successor again',
  refused: 'refresh refused',
  'reuse-detected': 'refresh refused, and the sign-in ended: the token had been used before',
  'response-lost': 'the response to the refresh was lost',
  unavailable: 'refresh answered with status 503',
  'page-opened': 'opened the authorization page',
  'signed-in': 'the user signed in',
  'call-failed': 'call failed',
  killed: 'killed before it saved',
  restarted: 'restarted',
}
