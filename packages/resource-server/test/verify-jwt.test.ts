import crypto from 'node:crypto'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWK } from 'jose'
import { expect, test } from 'vitest'
import { createNodeSignatures } from '../src/token/node-signature.ts'
import { createVerifyJwt } from '../src/token/verify-jwt.ts'

const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
]
const node = createVerifyJwt(createNodeSignatures(crypto))
const jose = createVerifyJwt(undefined)

async function keysOf(algorithm: string) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const jwk: JWK = { ...(await exportJWK(publicKey)), alg: algorithm }
  return { jwk, privateKey, find: createLocalJWKSet({ keys: [jwk] }) }
}

test.each(algorithms)(
  'jwt: node:crypto and jose accept and refuse the same signatures of %s',
  { tags: ['S-12'] },
  async (algorithm) => {
    const { privateKey, find } = await keysOf(algorithm)
    // Some numbers of ECDSA signatures are shorter than others.
    for (let round = 0; round < 40; round += 1) {
      const token = await new SignJWT({ round })
        .setProtectedHeader({ alg: algorithm })
        .sign(privateKey)
      const options = { algorithms }
      expect((await node(token, find, options)).payload).toEqual({ round })
      expect((await jose(token, find, options)).payload).toEqual({ round })
      const [header = '', payload = '', signature = ''] = token.split('.')
      const bytes = Buffer.from(signature, 'base64url')
      const last = bytes.length - 1
      const changed = Buffer.from(bytes)
      changed[round % bytes.length] = (bytes[round % bytes.length] ?? 0) ^ 1
      for (const forged of [
        changed,
        bytes.subarray(0, last),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.alloc(bytes.length),
        Buffer.alloc(0),
      ]) {
        const text = `${header}.${payload}.${forged.toString('base64url')}`
        const failure = { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' }
        await expect(node(text, find, options)).rejects.toMatchObject(failure)
        await expect(jose(text, find, options)).rejects.toMatchObject(failure)
      }
    }
  },
)

test.each(algorithms)(
  'jwt: a key of another algorithm verifies nothing: %s',
  { tags: ['S-12'] },
  async (algorithm) => {
    const { privateKey } = await keysOf(algorithm)
    const token = await new SignJWT({}).setProtectedHeader({ alg: algorithm }).sign(privateKey)
    const edwards = new Set(['EdDSA', 'Ed25519'])
    const others = algorithms.filter(
      (other) => other !== algorithm && !(edwards.has(other) && edwards.has(algorithm)),
    )
    for (const other of others) {
      const { publicKey } = await generateKeyPair(other)
      await expect(node(token, publicKey, { algorithms })).rejects.toMatchObject({
        code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      })
    }
  },
)

test.each<[string, Readonly<Record<string, unknown>>, object]>([
  ['ERR_JOSE_ALG_NOT_ALLOWED', {}, { algorithms: ['RS256'] }],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', {}, { algorithms, issuer: 'https://as.example.com' }],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', {}, { algorithms, requiredClaims: ['exp'] }],
  ['ERR_JWT_EXPIRED', { exp: 1 }, { algorithms }],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', { nbf: 9_999_999_999 }, { algorithms }],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', { aud: ['a'] }, { algorithms, audience: ['b'] }],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', { iat: 'now' }, { algorithms }],
])(
  'jwt: node:crypto and jose throw %s for %j',
  { tags: ['S-12'] },
  async (code, claims, options) => {
    const { privateKey, find } = await keysOf('ES256')
    const signing = new SignJWT(claims)
    const token = await signing.setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
    for (const verify of [node, jose]) {
      await expect(verify(token, find, { algorithms, ...options })).rejects.toMatchObject({ code })
    }
  },
)

test('jwt: refuses an RSA key of fewer than 2,048 bits', { tags: ['S-12'] }, async () => {
  const { publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 })
  const key = await crypto.subtle.importKey(
    'jwk',
    publicKey.export({ format: 'jwk' }),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    false,
    ['verify'],
  )
  const verify = createNodeSignatures(crypto)
  expect(await verify('RS256', key, new Uint8Array(1), new Uint8Array(128))).toBe(false)
})
