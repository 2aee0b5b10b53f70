import type { ServerBehaviors } from '../../apps/reference-as/src/emulation/servers/emulated-server.ts'
import { duration } from './words.ts'

type Sentences = {
  readonly [Name in keyof ServerBehaviors]-?: NonNullable<
    ServerBehaviors[Name]
  >['value'] extends number
    ? (value: number) => string
    : Readonly<Record<NonNullable<ServerBehaviors[Name]>['value'] & string, string>>
}

const sentences: Sentences = {
  refreshTokenFor: {
    always: 'Every authorization code brings a refresh token.',
    'grant-type':
      'A client that is registered with the grant `refresh_token` gets a refresh token.',
    'offline-access': 'A refresh token comes with the scope `offline_access`.',
    'grant-type-and-offline-access':
      'A client that is registered with the grant `refresh_token` and requests `offline_access` gets a refresh token.',
    'access-type-offline':
      'A refresh token comes with the parameter `access_type=offline`, on the first consent of the user or with `prompt=consent`.',
  },
  publicClients: {
    'get-refresh-tokens': 'Public clients get refresh tokens.',
    'get-none': 'Public clients get no refresh token.',
  },
  offlineAccess: {
    listed: 'The metadata lists `offline_access` in `scopes_supported`.',
    unlisted: '`offline_access` is accepted, and the metadata does not list it.',
    refused: 'A request with `offline_access` is refused with `invalid_scope`.',
  },
  scopesSupported: {
    present: 'The metadata has `scopes_supported`.',
    absent: 'The metadata has no `scopes_supported`.',
  },
  promptConsent: {
    needed: 'Without `prompt=consent`, the server drops `offline_access`.',
    'not-needed': 'A refresh token comes without `prompt=consent`.',
  },
  requestWithoutScope: {
    accepted: 'A request without `scope` is accepted.',
    refused: 'An authorization request without `scope` is refused.',
  },
  rotation: {
    'new-token': 'Each refresh brings a new refresh token.',
    'same-token': 'A refresh brings the same refresh token back.',
    'no-token': 'A refresh brings no refresh token. The client keeps the one that it has.',
  },
  reuse: {
    'family-revoked': 'A refresh token that is used twice ends the sign-in.',
    refused: 'A used refresh token is refused, and the newest one stays valid.',
    accepted: 'A used refresh token is accepted again, and ends nothing.',
    'accepted-until-successor-is-used':
      'A used refresh token is accepted until its successor is used.',
  },
  graceSeconds: (seconds) =>
    seconds === 0
      ? 'By default, there is no grace: a lost response or two refreshes at once count as a second use.'
      : `A second use is forgiven for ${duration(seconds)}.`,
  idleSeconds: (seconds) => `A sign-in ends after ${duration(seconds)} without use.`,
  absoluteSeconds: (seconds) => `A sign-in ends after ${duration(seconds)} even if it is used.`,
  accessTokenSeconds: (seconds) => `An access token lives for ${duration(seconds)}.`,
  resource: {
    honored: 'The access token is for the `resource` of the request.',
    ignored: '`resource` is accepted and has no effect.',
    refused: 'A request with `resource` is refused.',
  },
  resourceOnRefresh: {
    granted: 'A refresh is for the same resource.',
    forgotten: 'A refresh forgets the resource.',
  },
  audience: {
    resource: 'The audience of an access token is the resource.',
    client: 'The audience of an access token is the client ID.',
  },
  tokenType: {
    'at+jwt': 'Access tokens have the type `at+jwt`.',
    absent: 'Access tokens have no `typ`.',
  },
  registration: {
    offered: 'Clients can register themselves.',
    'not-offered': 'Clients cannot register themselves: register them by hand.',
    'listed-and-refused':
      'The metadata lists a registration endpoint, which refuses clients with 403.',
  },
  registeredScope: {
    any: 'A client that registered without `scope` may request every scope.',
    'default-only': 'A client that registered without `scope` may request the default scope only.',
  },
  clientIdInForm: {
    required: 'A token request must have `client_id` in its form.',
    optional: 'A token request needs no `client_id` in its form.',
  },
  revocationSecret: {
    'form-only': 'A revocation must have `client_secret` in its form.',
    any: 'A revocation can authenticate in any way.',
  },
  clientIdMetadataDocuments: {
    supported: 'Client ID Metadata Documents are supported.',
    'not-supported': 'Client ID Metadata Documents are not supported.',
  },
  iss: {
    sent: 'The authorization response names the issuer (`iss`, RFC 9207).',
    'not-sent': 'The authorization response does not name the issuer (`iss`, RFC 9207).',
  },
  codeChallengeMethods: {
    present: 'The metadata lists its PKCE methods.',
    absent: 'The metadata lists no PKCE method, although S256 works.',
  },
  metadataAt: {
    both: 'The metadata is at the well-known URIs of OAuth and of OpenID Connect.',
    'openid-configuration':
      'The metadata is at `/.well-known/openid-configuration` only, not at `oauth-authorization-server`.',
    'oauth-authorization-server':
      'The metadata is at `/.well-known/oauth-authorization-server` only.',
    'openid-configuration-and-a-page':
      'The metadata is at `openid-configuration`. `oauth-authorization-server` answers with a page.',
  },
  deadRefreshToken: {
    invalid_grant: 'A refresh token that is not valid is answered with `invalid_grant`.',
    'empty-400': 'A refresh token that is not valid is answered with status 400 and no body.',
    bad_refresh_token:
      'A refresh token that is not valid is answered with `bad_refresh_token`, which Evergrant reads as `invalid_grant`.',
  },
}

/** A behavior in one sentence. */
export function behaviorSentence(name: keyof ServerBehaviors, value: string | number): string {
  const by: ((value: number) => string) | Readonly<Record<string, string>> = sentences[name]
  const text = typeof by === 'function' ? by(Number(value)) : by[value]
  if (text === undefined) throw new Error(`No sentence for ${name}: ${value}`)
  return text
}

/** What a page asks about a product, for what no source says. */
export const questions = {
  refreshTokenFor: 'when a refresh token is issued',
  offlineAccess: 'whether the metadata lists `offline_access`',
  promptConsent: 'whether `prompt=consent` makes a difference',
  rotation: 'whether a refresh brings a new refresh token',
  reuse: 'what a second use of a refresh token does',
  graceSeconds: 'how long a second use is forgiven',
  idleSeconds: 'after how long without use a sign-in ends',
  absoluteSeconds: 'the longest time that a sign-in lasts',
  accessTokenSeconds: 'how long an access token lives',
  registration: 'whether clients can register themselves',
  clientIdMetadataDocuments: 'whether Client ID Metadata Documents are supported',
  resource: 'what the parameter `resource` does',
} as const satisfies Partial<Record<keyof ServerBehaviors, string>>

export type Question = keyof typeof questions
