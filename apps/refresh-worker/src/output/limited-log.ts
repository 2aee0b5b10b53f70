import type { Log } from './log.ts'

/** How many equal events are logged in each period. */
const maximumPerPeriod = 10
const periodMilliseconds = 60_000
const maximumKinds = 1000

interface Period {
  readonly startedAt: number
  logged: number
  suppressed: number
}

/**
 * Limits how often the same event of the same authorization server is logged. During an outage,
 * thousands of refreshes fail in a minute. The first line of the next period has the number of lines
 * that were left out.
 *
 * @param now - Milliseconds of a monotonic clock.
 */
export function limitedLog(log: Log, now: () => number = () => performance.now()): Log {
  const periods = new Map<string, Period>()
  return (entry) => {
    const kind = [entry.event, entry['issuer'], entry['code']].join(' ')
    const last = periods.get(kind)
    const isOver = last === undefined || now() - last.startedAt >= periodMilliseconds
    const period = isOver ? { startedAt: now(), logged: 0, suppressed: 0 } : last
    if (last === undefined && periods.size >= maximumKinds) periods.clear()
    periods.set(kind, period)
    if (period.logged >= maximumPerPeriod) {
      period.suppressed += 1
      return
    }
    period.logged += 1
    const suppressedBefore = isOver ? (last?.suppressed ?? 0) : 0
    log(suppressedBefore === 0 ? entry : { ...entry, suppressedBefore })
  }
}
