/** Formats a duration: `4 min 10 s`. Rounded down to the two largest units. */
function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const units = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const
  const first = units.findIndex(([count]) => count > 0)
  if (first === -1) return '0 s'
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** Formats a time relative to now: `in 3 h`, `2 min ago`. */
export function formatMoment(epochSeconds: number, nowEpochSeconds: number): string {
  const ahead = epochSeconds - nowEpochSeconds
  return ahead > 0 ? `in ${formatSeconds(ahead)}` : `${formatSeconds(-ahead)} ago`
}
