import crypto from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWK } from 'jose'
import { expect, test } from 'vitest'
import { createNodeSignatures } from '../src/token/node-signature.ts'
import { createVerifySignature } from '../src/token/verify-signature.ts'
import { decodeJwt } from '../src/token/decoded-jwt.ts'
import { createKeyFinder } from '../src/token/key-finder.ts'

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
const node = createVerifySignature(createNodeSignatures(crypto))
const jose = createVerifySignature(undefined)
const failure = { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' }

async function keysOf(algorithm: string) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const jwk: JWK = { ...(await exportJWK(publicKey)), alg: algorithm }
  return { jwk, privateKey, find: createKeyFinder({ keys: [jwk] }) }
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
      const jwt = decodeJwt(token)
      expect(jwt.payload).toEqual({ round })
      for (const verify of [node, jose]) {
        await expect(verify(jwt, find, algorithms)).resolves.toBeUndefined()
      }
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
        const other = decodeJwt(`${header}.${payload}.${forged.toString('base64url')}`)
        for (const verify of [node, jose]) {
          await expect(verify(other, find, algorithms)).rejects.toMatchObject(failure)
        }
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
      await expect(node(decodeJwt(token), publicKey, algorithms)).rejects.toMatchObject(failure)
    }
  },
)

test.each([
  ['ERR_JOSE_ALG_NOT_ALLOWED', {}, ['RS256']],
  ['ERR_JOSE_NOT_SUPPORTED', { crit: ['exp'], exp: 1 }, algorithms],
])(
  'jwt: node:crypto and jose throw %s for the header %j and the algorithms %j',
  { tags: ['S-12'] },
  async (code, parameters, allowed) => {
    const { privateKey, find } = await keysOf('ES256')
    const signing = new SignJWT({}).setProtectedHeader({ alg: 'ES256', ...parameters })
    const jwt = decodeJwt(await signing.sign(privateKey, { crit: { exp: true } }))
    for (const verify of [node, jose]) {
      await expect(verify(jwt, find, allowed)).rejects.toMatchObject({ code })
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
