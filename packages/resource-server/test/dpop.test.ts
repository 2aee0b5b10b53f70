import { readBearerChallenge } from '@evergrant/core'
import { expect, test } from 'vitest'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, DpopOptions, RefusalReason } from '../src/index.ts'
import { startGuardedResource } from './access.ts'
import { resource, startBound } from './bound-token.ts'
import type { BoundToken } from './bound-token.ts'
import { proofKey, tokenHash } from './proofs.ts'
import type { ProofKey } from './proofs.ts'

test('dpop: accepts a bound token with a proof of its key', { tags: ['S-12'] }, async () => {
  await using bound = await startBound()
  const { key, claims } = bound
  for (const _use of [1, 2]) {
    expect(await bound.decide(await key.sign(claims()))).toMatchObject({
      allowed: true,
      token: { keyThumbprint: key.thumbprint },
    })
  }
})

test.each(['ES384', 'ES512', 'Ed25519', 'EdDSA', 'RS256', 'PS256'])(
  'dpop: accepts proofs of %s',
  { tags: ['S-12'] },
  async (algorithm) => {
    await using bound = await startBound()
    const key = await proofKey(algorithm)
    const token = await bound.as.signAccessToken({
      scope: 'mcp:read',
      resource,
      claims: { cnf: { jkt: key.thumbprint } },
    })
    const proof = await key.sign(bound.claims({ ath: await tokenHash(token) }))
    expect((await bound.decide(proof, { token })).allowed).toBe(true)
  },
)

test.each([
  'https://mcp.example.com/mcp',
  'https://MCP.example.com/mcp',
  'https://mcp.example.com:443/mcp',
  'https://mcp.example.com/mcp?session=1#top',
  'https://mcp.example.com/%6dcp',
  'https://mcp.example.com/x/../mcp',
])('dpop: htu %s names this resource', { tags: ['S-12'] }, async (htu) => {
  await using bound = await startBound()
  const proof = await bound.key.sign(bound.claims({ htu }))
  expect((await bound.decide(proof, { url: '/mcp?session=1' })).allowed).toBe(true)
})

const other = 'dpop-proof-for-another-request'
test.each<[RefusalReason, Readonly<Record<string, unknown>>]>([
  [other, { htm: 'GET' }],
  [other, { htm: 'post' }],
  [other, { htm: undefined }],
  [other, { htu: 'https://mcp.example.com/other' }],
  [other, { htu: 'https://mcp.example.com/mcp/' }],
  [other, { htu: 'https://mcp.example.com/MCP' }],
  [other, { htu: 'http://mcp.example.com/mcp' }],
  [other, { htu: 'https://evil.example.com/mcp' }],
  [other, { htu: 'https://mcp.example.com:8443/mcp' }],
  [other, { htu: '/mcp' }],
  [other, { htu: [resource] }],
  [other, { htu: undefined }],
  ['dpop-proof-for-another-token', { ath: undefined }],
  ['dpop-proof-for-another-token', { ath: 'K'.repeat(43) }],
  ['dpop-proof-malformed', { jti: undefined }],
  ['dpop-proof-malformed', { jti: '' }],
  ['dpop-proof-malformed', { jti: 'x'.repeat(1025) }],
  ['dpop-proof-malformed', { jti: 1 }],
  ['dpop-proof-malformed', { iat: undefined }],
  ['dpop-proof-malformed', { iat: 'now' }],
  ['dpop-proof-malformed', { nonce: 1 }],
  ['dpop-proof-expired', { iat: 1_800_000_000 - 66 }],
  ['dpop-proof-expired', { iat: 1_800_000_000 + 6 }],
  ['dpop-proof-expired', { exp: 1_800_000_000 - 1 }],
])('dpop: 401 %s for %j', { tags: ['S-12', 'S-13'] }, async (reason, change) => {
  await using bound = await startBound()
  const refused = await bound.decide(await bound.key.sign(bound.claims(change)))
  expect(refused).toMatchObject({ status: 401, reason, error: 'invalid_dpop_proof' })
})

test.each<[RefusalReason, (bound: BoundToken) => Promise<string | readonly string[] | undefined>]>([
  ['dpop-proof-missing', async () => undefined],
  ['dpop-proof-missing', async () => []],
  ['dpop-proof-malformed', async () => 'proof'],
  ['dpop-proof-malformed', async () => ''],
  ['dpop-proof-malformed', async () => 'x'.repeat(1_000_000)],
  [
    'dpop-proof-malformed',
    async ({ key, claims }) => [await key.sign(claims()), await key.sign(claims())],
  ],
  [
    'dpop-proof-malformed',
    // As web-standard headers join two lines.
    async ({ key, claims }) => `${await key.sign(claims())}, ${await key.sign(claims())}`,
  ],
  ['dpop-proof-malformed', ({ key, claims }) => key.sign(claims(), { typ: 'JWT' })],
  ['dpop-proof-malformed', ({ key, claims }) => key.sign(claims(), { typ: undefined })],
  ['dpop-proof-malformed', ({ key, claims }) => key.sign(claims(), { jwk: undefined })],
  ['dpop-proof-malformed', ({ key, claims }) => key.sign(claims(), { jwk: 'key' })],
  ['dpop-proof-malformed', ({ key, claims }) => key.sign(claims(), { jwk: key.privateJwk })],
  [
    'dpop-proof-malformed',
    ({ key, claims }) => key.sign(claims(), { jwk: { kty: 'oct', k: 'c2VjcmV0' } }),
  ],
  ['dpop-proof-malformed', async ({ key, claims }) => unsigned(key, claims())],
  [
    'dpop-proof-signature-invalid',
    async ({ key, claims }) => key.sign(claims(), { jwk: (await proofKey()).jwk }),
  ],
  [
    'dpop-proof-signature-invalid',
    async ({ key, claims }) => `${(await key.sign(claims())).slice(0, -8)}AAAAAAAA`,
  ],
  ['dpop-proof-key-mismatch', async ({ claims }) => (await proofKey()).sign(claims())],
])('dpop: 401 %s for another proof', { tags: ['S-12', 'S-13'] }, async (reason, proof) => {
  await using bound = await startBound()
  const refused = await bound.decide(await proof(bound))
  expect(refused).toMatchObject({ status: 401, reason })
})

function unsigned(key: ProofKey, claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk })}.${part(claims)}.`
}

test(
  'dpop: refuses a proof with an algorithm that is not accepted',
  { tags: ['S-12'] },
  async () => {
    await using bound = await startBound({ algorithms: ['PS256'] })
    const refused = await bound.decide(await bound.key.sign(bound.claims()))
    expect(refused).toMatchObject({ reason: 'dpop-proof-malformed' })
    expect(refused.allowed ? '' : refused.challenge).toContain('algs="PS256"')
  },
)

test(
  'dpop: a bound token is never accepted as a bearer token, and a bearer token never with a proof',
  { tags: ['S-12', 'S-13'] },
  async () => {
    await using bound = await startBound()
    const proof = await bound.key.sign(bound.claims())
    expect(await bound.decide(proof, { scheme: 'Bearer' })).toMatchObject({
      status: 401,
      reason: 'token-sender-constrained',
      error: 'invalid_token',
    })
    const token = await bound.as.signAccessToken({ scope: 'mcp:read', resource })
    expect((await bound.decide(undefined, { token, scheme: 'Bearer' })).allowed).toBe(true)
    expect(await bound.decide(proof, { token })).toMatchObject({
      status: 401,
      reason: 'token-not-bound',
      error: 'invalid_token',
    })
  },
)

test(
  'dpop: offers both schemes, and only DPoP if it is required',
  { tags: ['S-10', 'S-11'] },
  async () => {
    await using both = await startBound({}, { scopesSupported: ['mcp:read'] })
    const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'
    const algorithms = 'ES256 ES384 ES512 Ed25519 EdDSA RS256 PS256'
    const members = `scope="mcp:read", resource_metadata="${metadataUrl}"`
    expect(
      await both.resourceServer.authenticate({ authorization: undefined, url: '/' }),
    ).toMatchObject({
      refusal: {
        status: 401,
        challenge: `Bearer ${members}, DPoP ${members}, algs="${algorithms}"`,
      },
    })
    expect(both.resourceServer.metadata).toMatchObject({
      dpop_signing_alg_values_supported: algorithms.split(' '),
    })
    expect(both.resourceServer.metadata).not.toHaveProperty('dpop_bound_access_tokens_required')

    await using required = await startBound({ isRequired: true, algorithms: ['ES256'] })
    const { as, resourceServer } = required
    const token = await as.signAccessToken({ scope: 'mcp:read', resource })
    const refused = await required.decide(undefined, { token, scheme: 'Bearer' })
    expect(refused).toMatchObject({ status: 401, reason: 'token-not-bound' })
    expect(refused.allowed ? undefined : readBearerChallenge(refused.challenge)).toMatchObject({
      scheme: 'DPoP',
      algs: ['ES256'],
      resource_metadata: metadataUrl,
    })
    expect(resourceServer.metadata).toMatchObject({ dpop_bound_access_tokens_required: true })
  },
)

test(
  'dpop: the error is in the challenge of the scheme that was used',
  { tags: ['S-13'] },
  async () => {
    await using bound = await startBound()
    const challengeOf = (decision: AccessDecision): string =>
      decision.allowed ? '' : (decision.challenge ?? '')
    const asBearer = challengeOf(await bound.decide(undefined, { scheme: 'Bearer' }))
    expect(asBearer).toMatch(/^Bearer error="invalid_token".*, DPoP resource_metadata=/)
    const asProof = challengeOf(await bound.decide('proof'))
    expect(asProof).toMatch(/^DPoP error="invalid_dpop_proof"/)
    expect(asProof).not.toContain('Bearer')
  },
)

test(
  'dpop: names all scopes of an operation that the token lacks',
  { tags: ['S-13'] },
  async () => {
    await using bound = await startBound()
    const decision = await bound.resourceServer.authorize(
      {
        authorization: `DPoP ${bound.token}`,
        url: '/mcp',
        method: 'POST',
        dpop: await bound.key.sign(bound.claims()),
      },
      ['mcp:read', 'mcp:write'],
    )
    expect(decision).toMatchObject({ status: 403, missingScopes: ['mcp:write'] })
    expect(decision.allowed ? '' : decision.challenge).toMatch(
      /^DPoP error="insufficient_scope".*scope="mcp:read mcp:write"/,
    )
  },
)

test('dpop: the URL of a request behind a proxy is configured', { tags: ['S-12'] }, async () => {
  await using bound = await startBound({
    requestUrl: (url) => `https://mcp.example.com/tenants/1${url}`,
  })
  const htu = 'https://mcp.example.com/tenants/1/mcp'
  expect((await bound.decide(await bound.key.sign(bound.claims({ htu })))).allowed).toBe(true)
})

test('dpop: a denied token is refused after its proof', { tags: ['S-12'] }, async () => {
  await using bound = await startBound({}, { isDenied: () => true })
  expect(await bound.decide(await bound.key.sign(bound.claims()))).toMatchObject({
    reason: 'token-denied',
  })
})

test.each<DpopOptions>([
  { maximumProofAgeSeconds: 1 },
  { maximumProofAgeSeconds: 301 },
  { maximumProofs: 0 },
  { nonceSecret: new Uint8Array(31) },
])('dpop: refuses %j at startup', { tags: ['S-12'] }, (dpop) => {
  expect(() => createResourceServer(resource, ['https://as.example.com'], { dpop })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  )
})

test.each([{ algorithms: [] }, { algorithms: ['HS256'] }, { algorithms: ['none'] }])(
  'dpop: refuses %j at startup',
  { tags: ['S-12'] },
  (dpop) => {
    expect(() => createResourceServer(resource, ['https://as.example.com'], { dpop })).toThrow(
      expect.objectContaining({ code: 'ALGORITHM_NOT_ALLOWED' }),
    )
  },
)

test(
  'protect: verifies proofs, and sends the nonce in every response that needs it',
  { tags: ['S-12'] },
  async () => {
    await using guarded = await startGuardedResource({ dpop: { nonce: 'always' } })
    const { as, clock } = guarded
    const key = await proofKey()
    const token = await as.signAccessToken({
      scope: 'mcp:read',
      resource: guarded.resource,
      claims: { cnf: { jkt: key.thumbprint } },
    })
    const ath = await tokenHash(token)
    const send = async (jti: string, nonce: string | null): Promise<Response> => {
      const iat = clock.nowEpochSeconds()
      const claims = { jti, htm: 'GET', htu: guarded.resource, iat, ath }
      const dpop = await key.sign(nonce === null ? claims : { ...claims, nonce })
      return await fetch(guarded.resource, { headers: { authorization: `DPoP ${token}`, dpop } })
    }
    const challenged = await send('1', null)
    const nonce = challenged.headers.get('dpop-nonce')
    expect(challenged.status).toBe(401)
    expect(challenged.headers.get('www-authenticate')).toContain('error="use_dpop_nonce"')
    expect((await send('2', nonce)).status).toBe(200)
    clock.advanceSeconds(300)
    const later = await send('3', nonce)
    expect(later.status).toBe(200)
    expect(later.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/)
  },
)
