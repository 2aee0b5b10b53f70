import { derSignatureOf, encode, jwkOf, publicKeyText } from './forge.ts'
import type { Forge, Forgery } from './forge.ts'

const refused = { status: 401, reason: 'token-algorithm-not-allowed' } as const
const malformed = { status: 401, reason: 'token-malformed' } as const
const unknownKey = { status: 401, reason: 'token-key-unknown' } as const
const wrongSignature = { status: 401, reason: 'token-signature-invalid' } as const

/** The claims of the good token under another algorithm, without a signature. */
function unsigned(alg: unknown) {
  return ({ header, parts }: Forge): string =>
    `${encode(JSON.stringify({ ...header, alg }))}.${parts[1]}.`
}

/** The claims and the signature of the good token under another algorithm. */
function relabeled(alg: unknown) {
  return ({ header, parts }: Forge): string =>
    `${encode(JSON.stringify({ ...header, alg }))}.${parts[1]}.${parts[2]}`
}

/** Forgeries with `alg`: none, a MAC with what is public, another algorithm. */
export const algorithmForgeries: readonly Forgery[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'n\u043ene', 'none\0'].map(
    (alg): Forgery => ({
      name: `alg ${JSON.stringify(alg)} without a signature`,
      ...refused,
      token: unsigned(alg),
    }),
  ),
  { name: 'alg none with the signature of a good token', ...refused, token: relabeled('none') },
  { name: 'alg ES256 without a signature', ...wrongSignature, token: unsigned('ES256') },
  ...[
    'es256',
    'ES256K',
    'HS256',
    'dir',
    'ECDH-ES',
    'RSA1_5',
    'PBES2-HS256+A128KW',
    'A128KW',
    '__proto__',
    'constructor',
    'toString',
  ].map((alg): Forgery => ({
    name: `a good token relabeled as ${alg}`,
    ...refused,
    token: relabeled(alg),
  })),
  ...['ES384', 'RS256', 'PS256', 'EdDSA'].map((alg): Forgery => ({
    name: `a good token relabeled as ${alg}`,
    ...unknownKey,
    token: relabeled(alg),
  })),
  ...[undefined, null, '', 256, ['ES256'], { name: 'ES256' }, true].map((alg): Forgery => ({
    name: `alg ${JSON.stringify(alg) ?? 'missing'}`,
    ...malformed,
    token: relabeled(alg),
  })),
  ...(['HS256', 'HS384', 'HS512'] as const).flatMap((alg) =>
    (['pem', 'der', 'jwk'] as const).map((form): Forgery => ({
      name: `${alg} with the public EC key as ${form}`,
      ...refused,
      token: ({ keys, withMac }) => withMac(alg, publicKeyText(keys.es, form)),
    })),
  ),
  ...(['pem', 'der', 'jwk', 'pkcs1-pem'] as const).map((form): Forgery => ({
    name: `HS256 with the public RSA key as ${form}`,
    ...refused,
    token: ({ keys, withMac }) => withMac('HS256', publicKeyText(keys.rs, form), { kid: 'rs' }),
  })),
  {
    name: 'HS256 with the PEM text without its last line feed',
    ...refused,
    token: ({ keys, withMac }) => withMac('HS256', String(publicKeyText(keys.es, 'pem')).trim()),
  },
  {
    name: 'HS256 with the whole key set as text',
    ...refused,
    token: ({ keys, withMac }) => withMac('HS256', JSON.stringify(keys.published)),
  },
  {
    name: 'HS256 with the x coordinate of the public key',
    ...refused,
    token: ({ keys, withMac }) => withMac('HS256', String(jwkOf(keys.es)['x'])),
  },
  ...['', 'secret', 'es'].map((secret): Forgery => ({
    name: `HS256 with the secret ${JSON.stringify(secret)}`,
    ...refused,
    token: ({ withMac }) => withMac('HS256', secret),
  })),
  {
    name: 'HS256 with a symmetric key that the issuer published',
    ...refused,
    token: ({ keys, withMac }) => withMac('HS256', keys.symmetricSecret, { kid: 'oct' }),
  },
  {
    name: 'ES256 under the kid of an RSA key',
    ...unknownKey,
    token: ({ signed }) => signed({ header: { kid: 'rs' } }),
  },
  {
    name: 'RS256 under the kid of an EC key',
    ...unknownKey,
    token: ({ signed, keys }) => signed({ key: keys.rs, header: { kid: 'es' } }),
  },
  {
    name: 'PS256 with an RSA key that is published for RS256',
    ...unknownKey,
    token: ({ signed, keys }) => signed({ key: keys.rs, header: { alg: 'PS256' } }),
  },
  {
    name: 'ES256 with a key of the curve P-384',
    ...unknownKey,
    token: ({ signed, keys }) => signed({ key: { ...keys.p384, alg: 'ES256' } }),
  },
  {
    name: 'a key that is published for encryption',
    ...unknownKey,
    token: ({ signed, keys }) => signed({ key: keys.enc }),
  },
  {
    name: 'a signature in DER',
    ...wrongSignature,
    token({ parts: [header, payload], keys }) {
      const input = `${header}.${payload}`
      return `${input}.${derSignatureOf(input, keys.es)}`
    },
  },
]
