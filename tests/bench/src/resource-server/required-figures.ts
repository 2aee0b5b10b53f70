import { guards } from './guards.ts'
import type { Growth } from './linear-time.ts'
import type { TokenMemory } from './remembered-tokens.ts'
import type { Result } from './report.ts'

const minimumRatio = 0.95
const maximumAddedCpuMicroseconds = 2
const maximumBytesPerToken = 300
/** Linear time is 1. A pattern that tries again from every character reaches 16. */
const maximumGrowth = 3

/** Compares results with what the resource server must reach. Returns what was missed, as sentences. */
export function missedFigures(results: ReadonlyMap<string, readonly Result[]>): readonly string[] {
  return [...results].flatMap(([group, rows]) => {
    const measured = rows.filter(({ guard }) => guards[guard].role === 'measured')
    return measured.flatMap((row) => [
      ...(group.startsWith('cost, ES256, warm') ? missedWarm(group, row) : []),
      ...rows
        .filter(({ guard, ratio }) => guards[guard].role === 'peer' && ratio >= row.ratio)
        .map((peer) => `${group}: ${peer.title} is ahead of ${row.title}.`),
    ])
  })
}

function missedWarm(group: string, { title, ratio, addedCpuMicroseconds }: Result): string[] {
  const missed: string[] = []
  if (ratio < minimumRatio) {
    missed.push(`${group}: ${title} reaches ${ratio.toFixed(3)} (expected ${minimumRatio}).`)
  }
  if (addedCpuMicroseconds > maximumAddedCpuMicroseconds) {
    missed.push(
      `${group}: ${title} adds ${addedCpuMicroseconds.toFixed(1)} µs of processor time to a request ` +
        `(expected at most ${maximumAddedCpuMicroseconds} µs).`,
    )
  }
  return missed
}

export function missedMemory({ remembered, tokenAndClaims }: TokenMemory): readonly string[] {
  const bytes = remembered - tokenAndClaims
  if (bytes <= maximumBytesPerToken) return []
  return [
    `A remembered token takes ${bytes.toFixed(0)} bytes beside the token and its claims (expected at most ` +
      `${maximumBytesPerToken}).`,
  ]
}

export function missedGrowth(growths: readonly Growth[]): readonly string[] {
  return growths
    .filter(({ ratio }) => ratio > maximumGrowth)
    .map(
      ({ name, ratio }) =>
        `${name}: 16 times as many characters take ${ratio.toFixed(1)} times as long for each ` +
        `(expected at most ${maximumGrowth}).`,
    )
}
