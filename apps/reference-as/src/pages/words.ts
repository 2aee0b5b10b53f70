const scopeWords: Readonly<Record<string, string>> = {
  openid: 'Know which account you signed in with',
  'mcp:read': 'Read data through the tools of this server',
  'mcp:write': 'Change data through the tools of this server',
  'mcp:admin': 'Administer this server, which includes reading and changing data',
}

/**
 * What a scope token lets a client do, in plain words.
 *
 * @param own - Descriptions of the operator. They take precedence.
 */
export function describeScope(scope: string, own: Readonly<Record<string, string>>): string {
  const words = { ...scopeWords, ...own }
  return (Object.hasOwn(words, scope) ? words[scope] : undefined) ?? `Use the permission “${scope}”`
}

/** A duration in words, rounded down, in a unit of which there are at least two. */
export function durationInWords(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
  ] as const
  const [unit, length] = units.find(([, one]) => seconds >= 2 * one) ?? ['minute', 60]
  const count = Math.max(1, Math.floor(seconds / length))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
