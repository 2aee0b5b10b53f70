/**
 * The scopes that a token in a granted scope may stand for. Servers separate scopes with commas, and
 * answer with a URL for a short name (`https://host.example/auth/email` for `email`).
 *
 * Use it only to avoid a false report of missing scope, never to grant access.
 */
export function scopeSpellings(granted: string): readonly string[] {
  const parts = granted.split(',').filter((part) => part !== '')
  return [granted, ...parts, ...parts.flatMap(lastSegment)]
}

function lastSegment(token: string): readonly string[] {
  const segment = /^[a-z][a-z0-9+.-]*:\/\/.*[/#]([^/#]+)$/i.exec(token)?.[1]
  return segment === undefined ? [] : [segment]
}
