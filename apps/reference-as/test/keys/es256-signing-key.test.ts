import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { compactVerify, exportJWK, generateKeyPair } from 'jose'
import { ExternalSigningKey } from 'oidc-provider'
import { expect, test } from 'vitest'
import { joseSignature, signingOnThisThread } from '../../src/keys/es256-signing-key.ts'
import { refresh, signInWithRefreshToken, startServer } from '../support.ts'

const half = (...bytes: number[]) => [
  ...Array.from({ length: 32 - bytes.length }, () => 0),
  ...bytes,
]

test.for([
  { name: 'small integers', r: [1], s: [2] },
  { name: 'an integer with a sign byte', r: [0, 0x80], s: [0, 0xff] },
  { name: 'an integer of 32 bytes', r: [0x7f, ...half(1).slice(1)], s: [3] },
  { name: 'an integer of 32 bytes with a sign byte', r: [0, 0xff, ...half(1).slice(1)], s: [4] },
])('signing keys: encodes $name as JOSE does', ({ r, s }) => {
  const integers = [2, r.length, ...r, 2, s.length, ...s]
  const unsigned = (bytes: number[]) => (bytes[0] === 0 ? bytes.slice(1) : bytes)
  expect([...joseSignature(Uint8Array.from([0x30, integers.length, ...integers]))]).toEqual([
    ...half(...unsigned(r)),
    ...half(...unsigned(s)),
  ])
})

test('signing keys: every ES256 signature on this thread verifies', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [key] = signingOnThisThread({
    keys: [{ ...privateKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', kid: 'one' }],
  }).keys
  if (!(key instanceof ExternalSigningKey)) throw new Error('expected a key that signs')
  // One signature in 128 has an integer with leading zeros.
  for (let round = 0; round < 1000; round += 1) {
    const data = Buffer.from(`data ${round}`)
    const options = { key: createPublicKey(privateKey), dsaEncoding: 'ieee-p1363' as const }
    expect(verify('sha256', data, options, await key.sign(data))).toBe(true)
  }
})

test('signing keys: keys of other algorithms stay as they are', async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kty: 'RSA', alg: 'RS256', kid: 'two' }
  expect(signingOnThisThread({ keys: [jwk] }).keys).toEqual([jwk])
})

test('signing keys: publishes no private member of a key, and the key verifies access tokens', async () => {
  await using server = await startServer()
  const { keys } = (await (await fetch(`${server.url}/jwks`)).json()) as {
    keys: Record<string, string>[]
  }
  expect(keys.map(({ alg, kty, use }) => [alg, kty, use])).toEqual([
    ['ES256', 'EC', 'sig'],
    ['RS256', 'RSA', 'sig'],
  ])
  for (const key of keys) expect(Object.keys(key)).not.toContain('d')
  const signIn = await signInWithRefreshToken(server)
  const { access_token: token } = await refresh(server, signIn.client, signIn.refreshToken)
  const { protectedHeader } = await compactVerify(token, keys[0] ?? {})
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keys[0]?.['kid'] })
})
