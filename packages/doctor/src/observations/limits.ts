/** Limits of everything that is observed, so that no server makes this program slow or large. */
export const limits = {
  /** The longest body that is kept of a document. */
  documentBytes: 262_144,
  /** The longest body that is kept of any other answer. Only its beginning is evidence. */
  excerptBytes: 4096,
  headerCharacters: 8192,
  urlCharacters: 8192,
  /** How many authorization servers of the metadata are visited. */
  authorizationServers: 3,
  redirects: 3,
  exchanges: 80,
  requestMilliseconds: 10_000,
} as const

/** The headers that are recorded. Cookies and session IDs are not. */
export const recordedHeaders: readonly string[] = [
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'age',
  'allow',
  'cache-control',
  'content-type',
  'date',
  'expires',
  'location',
  'retry-after',
  'server',
  'vary',
  'www-authenticate',
]
