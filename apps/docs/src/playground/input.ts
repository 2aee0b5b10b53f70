/** Everything that the reader of the playground can choose or type. */
export interface PlaygroundInput {
  readonly serverUrl: string
  /** The value of `WWW-Authenticate`. Empty: none. */
  readonly challenge: string
  /** JSON. Empty: the server publishes none. */
  readonly resourceMetadata: string
  /** JSON. */
  readonly serverMetadata: string
  /** `detected`, or the ID of a profile. */
  readonly profile: string
  readonly registration: 'dynamic' | 'metadata-document' | 'by-hand'
  /** For `metadata-document` and `by-hand`. */
  readonly clientId: string
  readonly wantsRefreshToken: boolean
  /** Whether `grant_types` of the client lists `refresh_token`. */
  readonly declaresRefreshGrant: boolean
  readonly additionalScope: string
  /** The scope of an earlier request, for a step-up. */
  readonly previousScope: string
  readonly prompt: 'by-rule' | 'consent' | 'never'
  readonly withoutScope: 'omit' | 'offline-only'
  readonly assumePkceS256: boolean
}

export type Field = keyof PlaygroundInput

/** The longest text of a field. More than any real document, and little enough to read at each key. */
export const maximumFieldLength = 65_536

/** The values that the fields with a choice accept. */
export const choices = {
  registration: ['dynamic', 'metadata-document', 'by-hand'],
  prompt: ['by-rule', 'consent', 'never'],
  withoutScope: ['omit', 'offline-only'],
} as const satisfies { readonly [Name in Field]?: readonly PlaygroundInput[Name][] }
