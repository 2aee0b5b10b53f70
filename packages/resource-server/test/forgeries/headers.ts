import { jwkOf } from './forge.ts'
import type { Forge, Forgery } from './forge.ts'

type Json = Readonly<Record<string, unknown>>

const unknownKey = { status: 401, reason: 'token-key-unknown' } as const
const wrongSignature = { status: 401, reason: 'token-signature-invalid' } as const
const malformed = { status: 401, reason: 'token-malformed' } as const
const wrongType = { status: 401, reason: 'token-type-not-allowed' } as const

function byAttacker(header: Json | ((forge: Forge) => Json)) {
  return (forge: Forge): string =>
    forge.signed({
      key: forge.keys.attacker,
      header: typeof header === 'function' ? header(forge) : header,
    })
}

function byIssuer(header: Json) {
  return ({ signed }: Forge): string => signed({ header })
}

/** Keys that the token itself names or contains, and names of keys that are not names. */
const keyForgeries: readonly Forgery[] = [
  { name: 'a token of an unknown key', ...unknownKey, token: byAttacker({}) },
  {
    name: "a token of an unknown key under the issuer's kid",
    ...wrongSignature,
    token: byAttacker({ kid: 'es' }),
  },
  {
    name: 'a token of an unknown key without kid',
    ...wrongSignature,
    token: byAttacker({ kid: undefined }),
  },
  {
    name: 'an embedded jwk',
    ...wrongSignature,
    token: byAttacker(({ keys }) => ({ kid: undefined, jwk: jwkOf(keys.attacker) })),
  },
  {
    name: "an embedded jwk under the issuer's kid",
    ...wrongSignature,
    token: byAttacker(({ keys }) => ({ kid: 'es', jwk: { ...jwkOf(keys.attacker), kid: 'es' } })),
  },
  {
    name: 'an embedded jwk under its own kid',
    ...unknownKey,
    token: byAttacker(({ keys }) => ({ jwk: { ...jwkOf(keys.attacker), kid: 'attacker' } })),
  },
  {
    name: 'a jku of the attacker',
    ...unknownKey,
    token: byAttacker(({ issuer }) => ({ jku: `${issuer}/attacker/jwks` })),
  },
  {
    name: "a jku of the attacker under the issuer's kid",
    ...wrongSignature,
    token: byAttacker(({ issuer }) => ({ kid: 'es', jku: `${issuer}/attacker/jwks` })),
  },
  {
    name: 'an x5u of the attacker',
    ...wrongSignature,
    token: byAttacker(({ issuer }) => ({ kid: 'es', x5u: `${issuer}/attacker/cert.pem` })),
  },
  {
    name: 'an embedded x5c',
    ...wrongSignature,
    token: byAttacker(({ keys }) => ({
      kid: 'es',
      x5c: [keys.attacker.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')],
    })),
  },
  { name: 'an x5t of the attacker', ...unknownKey, token: byAttacker({ x5t: 'AAAA' }) },
  ...[
    '../../../../dev/null',
    'file:///dev/null',
    "' OR '1'='1",
    "es' --",
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'ES',
    'es ',
    ' es',
    'es\0',
    '0',
    '*',
    '',
    'http://127.0.0.1/attacker/jwks',
    'k'.repeat(6000),
  ].map((kid): Forgery => ({
    name: `kid ${JSON.stringify(kid.slice(0, 40))}`,
    ...unknownKey,
    token: byAttacker({ kid }),
  })),
  ...[0, 1, null, true, ['es'], { kid: 'es' }].map((kid): Forgery => ({
    name: `kid ${JSON.stringify(kid)}`,
    ...malformed,
    token: byAttacker({ kid }),
  })),
]

/** Types that are not `at+jwt`, signed by the issuer. */
const typeForgeries: readonly Forgery[] = [
  undefined,
  null,
  '',
  'JWT',
  'jwt',
  'JWS',
  'JOSE',
  'absent',
  'at+jwt ',
  ' at+jwt',
  'at+jwt\0',
  'at jwt',
  'at+jwt; charset=utf-8',
  'application/jwt',
  'application/application/at+jwt',
  'text/at+jwt',
  'at+jwt+sd',
  'dpop+jwt',
  'id+jwt',
  'logout+jwt',
  'secevent+jwt',
  'oauth-authz-req+jwt',
  'token-introspection+jwt',
  'entity-statement+jwt',
  ['at+jwt'],
  { typ: 'at+jwt' },
  1,
].map((typ): Forgery => ({
  name: `typ ${JSON.stringify(typ) ?? 'missing'}`,
  ...wrongType,
  token: byIssuer({ typ }),
}))

/** Extensions that this package does not implement, signed by the issuer. */
const extensionForgeries: readonly Forgery[] = [
  ...[['exp'], ['unknown'], [], 'b64', [''], ['b64', 'b64'], [1], {}, null].map(
    (crit): Forgery => ({
      name: `crit ${JSON.stringify(crit)}`,
      ...malformed,
      token: byIssuer({ crit }),
    }),
  ),
  {
    name: 'b64 false, listed in crit',
    ...malformed,
    token: byIssuer({ b64: false, crit: ['b64'] }),
  },
]

export const headerForgeries: readonly Forgery[] = [
  ...keyForgeries,
  ...typeForgeries,
  ...extensionForgeries,
]
