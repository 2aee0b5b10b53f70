import { encode } from './forge.ts'
import type { Forge, Forgery } from './forge.ts'

const malformed = { status: 401, reason: 'token-malformed' } as const
const wrongSignature = { status: 401, reason: 'token-signature-invalid' } as const
const malformedHeader = { status: 400, reason: 'malformed-credentials' } as const

/** The good token with another signature. */
function withSignature(change: (signature: Buffer) => Buffer) {
  return ({ parts: [header, payload, signature] }: Forge): string =>
    `${header}.${payload}.${encode(change(Buffer.from(signature, 'base64url')))}`
}

/** Changes of the good token, as rows with one response. */
function variants(
  answer: Pick<Forgery, 'status' | 'reason'>,
  cases: Readonly<Record<string, (good: string, forge: Forge) => string>>,
): readonly Forgery[] {
  return Object.entries(cases).map(([name, change]) => ({
    name: `a good token ${name}`,
    ...answer,
    token: (forge) => change(forge.good, forge),
  }))
}

/** The order of the curve P-256. */
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const zero = Buffer.alloc(32)
const one = Buffer.concat([Buffer.alloc(31), Buffer.from([1])])

/** Signatures that a careless verifier accepts for every message, and damaged ones. */
const signatures: Readonly<Record<string, (good: Buffer) => Buffer>> = {
  'r and s zero': () => Buffer.concat([zero, zero]),
  'r zero': (good) => Buffer.concat([zero, good.subarray(32)]),
  's zero': (good) => Buffer.concat([good.subarray(0, 32), zero]),
  'r and s the order of the curve': () => Buffer.concat([order, order]),
  'r one and s zero': () => Buffer.concat([one, zero]),
  'r and s one': () => Buffer.concat([one, one]),
  'r and s at their maximum': () => Buffer.alloc(64, 0xff),
  'r and s swapped': (good) => Buffer.concat([good.subarray(32), good.subarray(0, 32)]),
  'one bit flipped': (good) =>
    Buffer.from(good.map((byte, index) => (index === 10 ? byte ^ 1 : byte))),
  'its last byte cut off': (good) => good.subarray(0, 63),
  'its first half only': (good) => good.subarray(0, 32),
  'a byte in front': (good) => Buffer.concat([Buffer.from([0]), good]),
  'a byte at its end': (good) => Buffer.concat([good, Buffer.from([0])]),
  'itself twice': (good) => Buffer.concat([good, good]),
  'a single byte': () => Buffer.from([0]),
  '10,000 bytes': () => Buffer.alloc(10_000, 1),
}

const signatureForgeries: readonly Forgery[] = Object.entries(signatures).map(([name, change]) => ({
  name: `a good token whose signature is ${name}`,
  ...wrongSignature,
  token: withSignature(change),
}))

/** Parts of good tokens, combined. */
const partForgeries: readonly Forgery[] = [
  {
    name: 'the payload of another good token',
    ...wrongSignature,
    token: ({ parts, other }) => `${parts[0]}.${other.split('.')[1]}.${parts[2]}`,
  },
  {
    name: 'the signature of another good token',
    ...wrongSignature,
    token: ({ parts, other }) => `${parts[0]}.${parts[1]}.${other.split('.')[2]}`,
  },
  {
    name: 'a later expiry under the signature of a good token',
    ...wrongSignature,
    token: ({ parts, claims, now }) =>
      `${parts[0]}.${encode(JSON.stringify({ ...claims, exp: now + 86_400 }))}.${parts[2]}`,
  },
  {
    name: 'more scopes under the signature of a good token',
    ...wrongSignature,
    token: ({ parts, claims }) =>
      `${parts[0]}.${encode(JSON.stringify({ ...claims, scope: 'mcp:read mcp:admin' }))}.${parts[2]}`,
  },
  {
    name: 'the same claims with a space under the signature of a good token',
    ...wrongSignature,
    token: ({ parts, claims }) => `${parts[0]}.${encode(`${JSON.stringify(claims)} `)}.${parts[2]}`,
  },
  {
    name: 'the same header in another order under the signature of a good token',
    ...wrongSignature,
    token: ({ parts }) =>
      `${encode('{"typ":"at+jwt","kid":"es","alg":"ES256"}')}.${parts[1]}.${parts[2]}`,
  },
  {
    name: 'a duplicate sub under the signature of a good token',
    ...wrongSignature,
    token: ({ parts, claims }) =>
      `${parts[0]}.${encode(JSON.stringify(claims).replace('}', ',"sub":"mallory"}'))}.${parts[2]}`,
  },
  ...variants(wrongSignature, {
    'without its signature': (_good, { parts: [h, p] }) => `${h}.${p}.`,
    'with A at its end': (good) => `${good}A`,
    'with the case of one character of the signature changed': (good, { parts: [h, p] }) =>
      flipCase(good, h.length + p.length + 12),
  }),
  ...variants(malformed, {
    'without its signature and the last dot': (_good, { parts: [h, p] }) => `${h}.${p}`,
    'without its payload': (_good, { parts: [h, , s] }) => `${h}..${s}`,
    'without its header': (_good, { parts: [, p, s] }) => `.${p}.${s}`,
    'with an empty fourth part': (good) => `${good}.`,
    'with a fourth part': (good, { parts: [, , s] }) => `${good}.${s}`,
    'as five parts': (good, { parts: [, p, s] }) => `${good}.${p}.${s}`,
    'with a dot in front': (good) => `.${good}`,
    'with two dots': (good) => good.replace('.', '..'),
    'without dots': (good) => good.replaceAll('.', ''),
    'reduced to its header': (_good, { parts: [h] }) => h,
    'reduced to dots': () => '..',
    'twice, joined by a dot': (good) => `${good}.${good}`,
  }),
]

/** Nearly the same text. */
const textForgeries: readonly Forgery[] = [
  ...variants(malformed, {
    'with = at its end': (good) => `${good}=`,
    'with == at its end': (good) => `${good}==`,
    'with === at its end': (good) => `${good}===`,
    'with unused bits in its last character': (good) => withUnusedBits(good),
    'with A in front': (good) => `A${good}`,
    'without its last character': (good) => good.slice(0, -1),
    'without its first character': (good) => good.slice(1),
    'in upper case': (good) => good.toUpperCase(),
    'in lower case': (good) => good.toLowerCase(),
    'with the case of one character of the payload changed': (good, { parts: [h] }) =>
      flipCase(good, h.length + 5),
    reversed: (good) => good.split('').toReversed().join(''),
    'in base64 of base64': (good) => encode(good),
    'with ~ in its signature': (good) => `${good.slice(0, -4)}~~~~`,
    'with + and / in its signature': (good) => `${good.slice(0, -4)}+/+/`,
  }),
  ...variants(malformedHeader, {
    'with = after its header': (good) => good.replace('.', '=.'),
    'with = after its payload': (good) => good.replace(/\.([^.]*)$/, '=.$1'),
    'with a space': (good) => good.replace('.', ' .'),
    'with a tab': (good) => good.replace('.', '\t.'),
    'in quotes': (good) => `"${good}"`,
    'with a semicolon': (good) => `${good};`,
    'with a comma': (good) => `${good},`,
    'with its dots percent-encoded': (good) => good.replaceAll('.', '%2E'),
    'with a Cyrillic letter': (good) => good.replace('e', '\u0435'),
    'with a fullwidth letter': (good) => good.replace('e', '\uff45'),
    'with a Latin-1 letter': (good) => good.replace('e', '\u00e9'),
    'with a zero-width space': (good) => `${good}\u200b`,
    'with a no-break space': (good) => `${good}\u00a0`,
    'twice, separated by a space': (good) => `${good} ${good}`,
    'as a parameter': (good) => `token=${good}`,
    'in JSON': (good) => JSON.stringify({ access_token: good }),
  }),
]

/** Other structures than a signed JWT. */
const structureForgeries: readonly Forgery[] = [
  {
    name: 'a nested JWT: a good token as the payload of another',
    ...malformed,
    token: ({ signedText, header, good }) =>
      signedText(JSON.stringify({ ...header, cty: 'JWT' }), good),
  },
  {
    name: 'a JWE with a good token as its content',
    ...malformed,
    token: ({ good }) =>
      `${encode('{"alg":"dir","enc":"A256GCM","typ":"at+jwt"}')}..AAAAAAAAAAAAAAAA.${encode(good)}.AAAAAAAAAAAAAAAAAAAAAA`,
  },
  {
    name: 'a JWE whose header names the key of the issuer',
    ...malformed,
    token: ({ good }) =>
      `${encode('{"alg":"ECDH-ES","enc":"A256GCM","kid":"es","typ":"at+jwt"}')}..AAAA.${encode(good)}.AAAA`,
  },
  ...['null', '[]', '"text"', '1', 'true', '', '{', '{"sub":', 'not JSON', '{}{}'].map(
    (payload): Forgery => ({
      name: `the payload ${JSON.stringify(payload)}, signed by the issuer`,
      ...malformed,
      token: ({ signedText, header }) => signedText(JSON.stringify(header), payload),
    }),
  ),
  ...['null', '[]', '"text"', '1', '', '{'].map((header): Forgery => ({
    name: `the header ${JSON.stringify(header)}, signed by the issuer`,
    ...malformed,
    token: ({ signedText, claims }) => signedText(header, JSON.stringify(claims)),
  })),
  {
    name: 'a payload that is an array of good claims, signed by the issuer',
    ...malformed,
    token: ({ signedText, header, claims }) =>
      signedText(JSON.stringify(header), JSON.stringify([claims])),
  },
  {
    name: 'a deeply nested payload, signed by the issuer',
    ...malformed,
    token: ({ signedText, header }) => signedText(JSON.stringify(header), '['.repeat(5000)),
  },
]

export const encodingForgeries: readonly Forgery[] = [
  ...signatureForgeries,
  ...partForgeries,
  ...textForgeries,
  ...structureForgeries,
]

/** The last of 86 characters has four unused bits. */
function withUnusedBits(text: string): string {
  return `${text.slice(0, -1)}${{ A: 'B', Q: 'R', g: 'h', w: 'x' }[text.slice(-1)] ?? ''}`
}

function flipCase(text: string, from: number): string {
  const index = from + text.slice(from).search(/[a-z]/i)
  const letter = text.charAt(index)
  const flipped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
  return `${text.slice(0, index)}${flipped}${text.slice(index + 1)}`
}
