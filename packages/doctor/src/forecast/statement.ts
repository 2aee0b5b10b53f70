/** Something that the forecast relies on, and how it is known. */
export interface Statement {
  readonly text: string
  readonly basis: 'metadata' | 'measured' | 'documented' | 'inferred'
  /** The public source of a fact about the product. */
  readonly source?: string
}

/** Whether a client that follows the rules probably gets a refresh token. */
export type RefreshTokenOutlook = 'probably' | 'probably-not' | 'unknown'

/** The outlook for a refresh token, and why. */
export interface RefreshTokenForecast {
  readonly outlook: RefreshTokenOutlook
  readonly reasons: readonly Statement[]
}

/** Formats a duration in its largest useful unit: `30 days`, `8 hours`. */
export function formatSeconds(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ]
  const [size, name] = units.find(([one]) => seconds >= one) ?? [1, 'second']
  const count = Math.round((seconds / size) * 10) / 10
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
