import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { VirtualClock } from '@evergrant/test-kit'
import type { RefusalReason, ResourceServerOptions } from '../../src/index.ts'

/** A token or request that must be refused. */
export interface Forgery {
  /** Completes the sentence "the guard refuses …". */
  readonly name: string
  readonly status: 400 | 401
  readonly reason: RefusalReason
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: (forge: Forge) => string
  /** The whole request, for forgeries that are not in the token. */
  readonly request?: (forge: Forge) => ForgedRequest
  readonly options?: Pick<ResourceServerOptions, 'tokenTypes'>
}

export interface ForgedRequest {
  /** Default `GET`. */
  readonly method?: string
  /** Default `/mcp`. */
  readonly target?: string
  readonly lines: readonly string[]
  readonly body?: string
}

type Json = Readonly<Record<string, unknown>>

/** A signing key. `kid` is its name in the key set of the issuer. */
export interface ForgeKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** The keys of the issuer, and one that it has never seen. */
export interface ForgeKeys {
  readonly es: ForgeKey
  readonly rs: ForgeKey
  /** For encryption only, by `use`. */
  readonly enc: ForgeKey
  readonly p384: ForgeKey
  readonly attacker: ForgeKey
  /** The key set that the issuer publishes: not the attacker's key, but a symmetric one by mistake. */
  readonly published: { readonly keys: readonly Json[] }
  readonly symmetricSecret: Buffer
}

/** What an attacker has, and more: it can also let the issuer sign anything. */
export interface Forge {
  readonly keys: ForgeKeys
  readonly issuer: string
  readonly resource: string
  readonly now: number
  /** Header and claims of a token that is accepted. */
  readonly header: Json
  readonly claims: Json
  /** A token that is accepted, and its three parts. */
  readonly good: string
  readonly parts: readonly [string, string, string]
  /** Another one, of another user. */
  readonly other: string
  /** A token that the issuer signs, with changes; `undefined` removes a member. */
  readonly signed: (changes: {
    readonly header?: Json
    readonly claims?: Json
    readonly key?: ForgeKey
  }) => string
  /** The same from the texts of header and payload. */
  readonly signedText: (header: string, payload: string, key?: ForgeKey) => string
  /** A token with a MAC instead of a signature. */
  readonly withMac: (
    alg: 'HS256' | 'HS384' | 'HS512',
    secret: string | Buffer,
    header?: Json,
  ) => string
}

/** Creates the keys once, because RSA keys take long. */
export function createForgeKeys(): ForgeKeys {
  const es = forgeKey('es', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const rs = forgeKey('rs', 'RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }))
  const enc = forgeKey('enc', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const p384 = forgeKey('p384', 'ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' }))
  const attacker = forgeKey('attacker', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const symmetricSecret = Buffer.from('a symmetric key that was published by mistake')
  const published = [
    { ...jwkOf(es), kid: 'es', alg: 'ES256', use: 'sig' },
    { ...jwkOf(rs), kid: 'rs', alg: 'RS256', use: 'sig' },
    { ...jwkOf(enc), kid: 'enc', use: 'enc' },
    { ...jwkOf(p384), kid: 'p384', use: 'sig' },
    { kty: 'oct', kid: 'oct', k: symmetricSecret.toString('base64url') },
  ]
  return { es, rs, enc, p384, attacker, published: { keys: published }, symmetricSecret }
}

function forgeKey(
  kid: string,
  alg: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
): ForgeKey {
  return { kid, alg, publicKey, privateKey }
}

/** The public key as a JWK. */
export function jwkOf({ publicKey }: ForgeKey): Json {
  return { ...publicKey.export({ format: 'jwk' }) }
}

export function createForge(
  keys: ForgeKeys,
  issuer: string,
  resource: string,
  clock: VirtualClock,
): Forge {
  const now = clock.nowEpochSeconds()
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'es' }
  const claims = {
    iss: issuer,
    aud: resource,
    sub: 'alice',
    client_id: 'client-1',
    scope: 'mcp:read',
    jti: 'token-1',
    iat: now,
    exp: now + 3600,
  }
  const signedText = (headerText: string, payloadText: string, key = keys.es): string => {
    const input = `${encode(headerText)}.${encode(payloadText)}`
    return `${input}.${signatureOf(input, key).toString('base64url')}`
  }
  const signed: Forge['signed'] = ({ header: changed, claims: changedClaims, key = keys.es }) => {
    const own = { alg: key.alg, kid: key.kid }
    return signedText(
      JSON.stringify({ ...header, ...own, ...changed }),
      JSON.stringify({ ...claims, ...changedClaims }),
      key,
    )
  }
  const good = signed({})
  const [first = '', second = '', third = ''] = good.split('.')
  return {
    keys,
    issuer,
    resource,
    now,
    header,
    claims,
    good,
    parts: [first, second, third],
    other: signed({ claims: { sub: 'mallory', jti: 'token-2' } }),
    signed,
    signedText,
    withMac(alg, secret, changed = {}) {
      const input = `${encode(JSON.stringify({ ...header, alg, ...changed }))}.${second}`
      const mac = createHmac(`sha${alg.slice(2)}`, secret)
        .update(input)
        .digest('base64url')
      return `${input}.${mac}`
    },
  }
}

export function encode(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url')
}

function signatureOf(input: string, { alg, privateKey }: ForgeKey): Buffer {
  return signBytes(`sha${alg.slice(2)}`, Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
}

/** A signature in the encoding of X.509, which JWS does not use. */
export function derSignatureOf(input: string, { privateKey }: ForgeKey): string {
  return signBytes('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'der' }).toString(
    'base64url',
  )
}

/** The public key in the forms that a careless verifier uses as the secret of a MAC. */
export function publicKeyText(
  { publicKey }: ForgeKey,
  form: 'pem' | 'der' | 'jwk' | 'pkcs1-pem',
): string | Buffer {
  const key = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' }))
  if (form === 'pem') return key.export({ format: 'pem', type: 'spki' })
  if (form === 'der') return key.export({ format: 'der', type: 'spki' })
  if (form === 'pkcs1-pem') return key.export({ format: 'pem', type: 'pkcs1' })
  return JSON.stringify(key.export({ format: 'jwk' }))
}
