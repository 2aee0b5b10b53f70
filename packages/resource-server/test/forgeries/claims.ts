import type { Forge, Forgery } from './forge.ts'

type Json = Readonly<Record<string, unknown>>

const wrongAudience = { status: 401, reason: 'token-audience-mismatch' } as const
const wrongIssuer = { status: 401, reason: 'token-issuer-not-trusted' } as const
const wrongClaim = { status: 401, reason: 'token-claim-invalid' } as const
const expired = { status: 401, reason: 'token-expired' } as const
const anotherToken = { status: 401, reason: 'token-type-not-allowed' } as const

/** Signed by the issuer, with other claims. */
function withClaims(claims: Json | ((forge: Forge) => Json)) {
  return (forge: Forge): string =>
    forge.signed({ claims: typeof claims === 'function' ? claims(forge) : claims })
}

/** Signed by the issuer, with members at the end of the payload that JSON.stringify cannot write. */
function withPayloadEnd(end: (forge: Forge) => string) {
  return (forge: Forge): string =>
    forge.signedText(
      JSON.stringify(forge.header),
      `${JSON.stringify(forge.claims).slice(0, -1)},${end(forge)}}`,
    )
}

const audiences: Readonly<Record<string, (resource: string, url: URL) => unknown>> = {
  'another resource of the same server': (resource) => `${resource}-admin`,
  'the parent of the resource': (_resource, url) => url.origin,
  'a path below the resource': (resource) => `${resource}/admin`,
  'the resource with a slash': (resource) => `${resource}/`,
  'the resource in upper case': (resource) => resource.toUpperCase(),
  'the resource with a query': (resource) => `${resource}?`,
  'the resource with a fragment': (resource) => `${resource}#`,
  'the resource with userinfo': (_resource, { host }) => `http://user@${host}/mcp`,
  'the resource under another name of the host': (_resource, { port }) =>
    `http://localhost:${port}/mcp`,
  'the resource without its port': () => 'http://127.0.0.1/mcp',
  'the resource with another scheme': (resource) => resource.replace('http:', 'https:'),
  'the resource with an escaped path': (_resource, url) => `${url.origin}/%6dcp`,
  'the resource with space around it': (resource) => ` ${resource} `,
  'two resources in one string': (resource) => `${resource} https://other.example.com`,
  'two resources joined by a comma': (resource) => `${resource},https://other.example.com`,
  'the issuer': (_resource, url) => url.origin.replace(/\d+$/, '1'),
  'an empty list': () => [],
  'a list of others': () => ['https://a.example.com', 'https://b.example.com'],
  'a nested list': (resource) => [[resource]],
}

const oddAudiences: Readonly<Record<string, (resource: string) => unknown>> = {
  'a list with a number': (resource) => [resource, 1],
  'a list with null': (resource) => [resource, null],
}

const wronglyTypedAudiences: readonly unknown[] = [null, 1, true, {}]

const issuers: Readonly<Record<string, (issuer: string) => unknown>> = {
  'with a slash': (issuer) => `${issuer}/`,
  'in upper case': (issuer) => issuer.toUpperCase(),
  'with another scheme': (issuer) => issuer.replace('http:', 'https:'),
  'under another name of the host': (issuer) => issuer.replace('127.0.0.1', 'localhost'),
  'with userinfo': (issuer) => issuer.replace('http://', 'http://as.example.com@'),
  'as userinfo of another host': (issuer) => `${issuer}@evil.example.com`,
  'with a homograph': (issuer) => issuer.replace('.0.0.1', '.0.0.\uff11'),
  'as an internationalized host': () => 'https://\u0430s.example.com',
  'with a path': (issuer) => `${issuer}/tenant`,
  'with a query': (issuer) => `${issuer}?`,
  'with a fragment': (issuer) => `${issuer}#`,
  'with space around it': (issuer) => ` ${issuer} `,
  'with NUL': (issuer) => `${issuer}\0`,
  'in a list': (issuer) => [issuer],
  'as an object': (issuer) => ({ toString: issuer }),
  missing: () => undefined,
  null: () => null,
  empty: () => '',
  'a number': () => 1,
  'a name of Object.prototype': () => '__proto__',
  'another name of Object.prototype': () => 'constructor',
}

const times: readonly (readonly [
  string,
  (now: number) => Json,
  typeof wrongClaim | typeof expired,
])[] = [
  ['exp missing', () => ({ exp: undefined }), wrongClaim],
  ['exp null', () => ({ exp: null }), wrongClaim],
  ['exp as a string', (now) => ({ exp: String(now + 3600) }), wrongClaim],
  ['exp as a date', () => ({ exp: '2099-01-01T00:00:00Z' }), wrongClaim],
  ['exp in a list', (now) => ({ exp: [now + 3600] }), wrongClaim],
  ['exp true', () => ({ exp: true }), wrongClaim],
  ['exp as an object', () => ({ exp: {} }), wrongClaim],
  ['exp negative', () => ({ exp: -1 }), expired],
  ['exp 0', () => ({ exp: 0 }), expired],
  ['exp now', (now) => ({ exp: now }), expired],
  ['exp a fraction of a second ago', (now) => ({ exp: now - 0.25 }), expired],
  ['exp an hour ago', (now) => ({ exp: now - 3600 }), expired],
  ['iat as a string', (now) => ({ iat: String(now) }), wrongClaim],
  ['iat missing', () => ({ iat: undefined }), wrongClaim],
  ['nbf as a string', (now) => ({ nbf: String(now) }), wrongClaim],
  ['nbf null', () => ({ nbf: null }), wrongClaim],
]

const claimForgeries: readonly Forgery[] = [
  ...Object.entries(audiences).map(([name, aud]): Forgery => ({
    name: `aud ${name}`,
    ...wrongAudience,
    token: withClaims(({ resource }) => ({ aud: aud(resource, new URL(resource)) })),
  })),
  ...Object.entries(oddAudiences).map(([name, aud]): Forgery => ({
    name: `aud ${name}`,
    ...wrongClaim,
    token: withClaims(({ resource }) => ({ aud: aud(resource) })),
  })),
  ...wronglyTypedAudiences.map((aud): Forgery => ({
    name: `aud ${JSON.stringify(aud)}`,
    ...wrongAudience,
    token: withClaims({ aud }),
  })),
  { name: 'aud missing', ...wrongClaim, token: withClaims({ aud: undefined }) },
  ...Object.entries(issuers).map(([name, iss]): Forgery => ({
    name: `iss ${name}`,
    ...wrongIssuer,
    token: withClaims(({ issuer }) => ({ iss: iss(issuer) })),
  })),
  ...times.map(([name, claims, answer]): Forgery => ({
    name,
    ...answer,
    token: withClaims(({ now }) => claims(now)),
  })),
  { name: 'exp 1e999', ...wrongClaim, token: withPayloadEnd(() => '"exp":1e999') },
  {
    name: 'exp -1e999',
    status: 401,
    reason: 'token-expired',
    token: withPayloadEnd(() => '"exp":-1e999'),
  },
  {
    name: 'nbf in an hour',
    status: 401,
    reason: 'token-not-yet-valid',
    token: withClaims(({ now }) => ({ nbf: now + 3600 })),
  },
  {
    name: 'nbf 1e999',
    status: 401,
    reason: 'token-not-yet-valid',
    token: withPayloadEnd(() => '"nbf":1e999'),
  },
  ...(['sub', 'client_id', 'jti'] as const).flatMap((claim) =>
    [undefined, null, '', 0, ['alice'], {}].map((value): Forgery => ({
      name: `${claim} ${JSON.stringify(value) ?? 'missing'}`,
      ...wrongClaim,
      token: withClaims({ [claim]: value }),
    })),
  ),
]

/** RFC 7519 §4: of several members with one name, the last one counts. */
const duplicateForgeries: readonly Forgery[] = [
  {
    name: 'a second aud of another resource',
    ...wrongAudience,
    token: withPayloadEnd(() => '"aud":"https://other.example.com"'),
  },
  {
    name: 'a second iss of another issuer',
    ...wrongIssuer,
    token: withPayloadEnd(() => '"iss":"https://other.example.com"'),
  },
  { name: 'a second exp in the past', ...expired, token: withPayloadEnd(() => '"exp":1') },
  {
    name: 'a second typ',
    ...anotherToken,
    token: (forge) =>
      forge.signedText(
        '{"alg":"ES256","kid":"es","typ":"at+jwt","typ":"JWT"}',
        JSON.stringify(forge.claims),
      ),
  },
  {
    name: 'a second alg',
    status: 401,
    reason: 'token-algorithm-not-allowed',
    token: (forge) =>
      forge.signedText(
        '{"alg":"ES256","kid":"es","typ":"at+jwt","alg":"none"}',
        JSON.stringify(forge.claims),
      ),
  },
  {
    name: 'a second kid',
    status: 401,
    reason: 'token-key-unknown',
    token: (forge) =>
      forge.signedText(
        '{"alg":"ES256","kid":"es","typ":"at+jwt","kid":"attacker"}',
        JSON.stringify(forge.claims),
      ),
  },
]

const plainTypes = { tokenTypes: ['at+jwt', 'jwt', 'absent'] }

/** Tokens of the issuer that are for something else, at a server that accepts tokens without `typ`. */
const otherTokenForgeries: readonly Forgery[] = [
  {
    name: 'an ID token for this resource',
    ...anotherToken,
    options: plainTypes,
    token: ({ signed }) =>
      signed({ header: { typ: 'JWT' }, claims: { nonce: 'n', at_hash: 'AAAA', auth_time: 1 } }),
  },
  {
    name: 'an ID token for the client',
    ...wrongAudience,
    options: plainTypes,
    token: ({ signed }) => signed({ header: { typ: undefined }, claims: { aud: 'client-1' } }),
  },
  {
    name: 'an ID token of Amazon Cognito',
    ...anotherToken,
    options: plainTypes,
    token: ({ signed }) => signed({ header: { typ: undefined }, claims: { token_use: 'id' } }),
  },
  ...['Refresh', 'Offline', 'ID', 'Logout', 'RegistrationAccessToken'].map((typ): Forgery => ({
    name: `a token of Keycloak with the claim typ ${typ}`,
    ...anotherToken,
    options: plainTypes,
    token: ({ signed }) => signed({ header: { typ: 'JWT' }, claims: { typ } }),
  })),
  {
    name: 'a security event token',
    ...anotherToken,
    options: plainTypes,
    token: ({ signed }) =>
      signed({
        header: { typ: undefined },
        claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      }),
  },
  {
    name: 'a client assertion',
    ...wrongIssuer,
    options: plainTypes,
    token: ({ signed, issuer }) =>
      signed({ header: { typ: 'JWT' }, claims: { iss: 'client-1', sub: 'client-1', aud: issuer } }),
  },
  {
    name: 'an opaque refresh token',
    status: 401,
    reason: 'token-malformed',
    token: () => 'rt_pZ3vQ8mXw1kYt6nB4cR9sL2dF7gH5jK0',
  },
]

/** Bound tokens, sent as bearer tokens. */
const boundForgeries: readonly Forgery[] = [
  {
    name: 'a token bound by DPoP, sent as a bearer token',
    status: 401,
    reason: 'token-sender-constrained',
    token: withClaims({ cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }),
  },
  ...[
    { 'x5t#S256': 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0' },
    { jwk: { kty: 'EC' } },
    { kid: 'es' },
    {},
    null,
    'jkt',
    1,
    [],
  ].map((cnf): Forgery => ({
    name: `a token bound by cnf ${JSON.stringify(cnf)}, sent as a bearer token`,
    status: 401,
    reason: 'token-binding-unsupported',
    token: withClaims({ cnf }),
  })),
]

export const tokenContentForgeries: readonly Forgery[] = [
  ...claimForgeries,
  ...duplicateForgeries,
  ...otherTokenForgeries,
  ...boundForgeries,
]
