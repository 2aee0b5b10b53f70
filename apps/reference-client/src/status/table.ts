import { formatMoment } from '../output/time.ts'
import { describeNextRefresh, describeOutcome } from './details.ts'
import type { SessionReport } from './report.ts'

/** Longer cells are truncated. The JSON form and the details of one sign-in are complete. */
const longestCell = 36

const headings = [
  'SERVER',
  'ACCOUNT',
  'STATE',
  'SCOPES',
  'ACCESS TOKEN',
  'GRANT',
  'NEXT REFRESH',
  'LAST OUTCOME',
] as const

/**
 * The sign-ins as a table.
 *
 * @param columns - The width of the terminal.
 * @returns `undefined` if the table is wider than the terminal.
 */
export function statusTable(
  sessions: readonly SessionReport[],
  nowEpochSeconds: number,
  columns: number = Number.POSITIVE_INFINITY,
): string | undefined {
  const rows = [headings, ...sessions.map((session) => cellsOf(session, nowEpochSeconds))]
  const widths = headings.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return Math.max(...lines.map((line) => line.length)) > columns ? undefined : lines.join('\n')
}

function cellsOf(session: SessionReport, nowEpochSeconds: number): readonly string[] {
  const { accessTokenExpiresAtEpochSeconds: token } = session
  const grant = session.authorizationExpiry ?? session.refreshTokenExpiry
  const until = (at: number | undefined): string =>
    at === undefined ? '-' : formatMoment(at, nowEpochSeconds)
  return [
    session.serverUrl,
    session.profile,
    session.state,
    session.scope ?? '-',
    until(token),
    until(grant?.atEpochSeconds),
    describeNextRefresh(session, nowEpochSeconds) ?? '-',
    describeOutcome(session, nowEpochSeconds) ?? '-',
  ].map((cell, column) => (column === 0 ? cell : truncated(cell)))
}

function truncated(cell: string): string {
  return cell.length > longestCell ? `${cell.slice(0, longestCell - 1)}…` : cell
}
