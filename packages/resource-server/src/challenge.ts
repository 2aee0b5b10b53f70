/**
 * Writes a Bearer challenge; members that are `undefined` are left out.
 */
export function bearerChallenge(parameters: Readonly<Record<string, string | undefined>>): string {
  const written = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value}"`)
  return `Bearer ${written.join(', ')}`
}
