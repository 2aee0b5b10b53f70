/**
 * Random and mutated headers, the same ones in every run. `pnpm fuzz:headers` draws ten million. Whether the time
 * grows linearly with the length of a header is measured in `tests/bench`.
 */
import { createHash } from 'node:crypto'
import process from 'node:process'
import {
  formatBearerChallenge,
  parseChallenges,
  ProtocolError,
  readBearerChallenge,
} from '@evergrant/core'
import type { BearerChallenge } from '@evergrant/core'
import { virtualClock } from '@evergrant/test-kit'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { readCredentials } from '../src/access/credentials.ts'
import { createResourceServer, refusalReply } from '../src/index.ts'
import type { AuthenticationDecision } from '../src/index.ts'
import { mutated, seededRandom } from './fuzz/mutations.ts'
import type { Random } from './fuzz/mutations.ts'

const cases = Number(process.env['EVERGRANT_FUZZ_HEADERS'] ?? 30_000)
const seed = Number(process.env['EVERGRANT_FUZZ_SEED'] ?? 20_261_128)
/** Most proofs have a signature that must be verified, so they take longest. */
const [challengeCases, credentialCases, proofCases] = [cases * 0.5, cases * 0.4, cases * 0.1]
const timeout = 7_200_000

const challenges = [
  'Bearer',
  'Bearer realm="mcp", scope="mcp:read mcp:write", error="insufficient_scope"',
  'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
  'DPoP algs="ES256 RS256", error="use_dpop_nonce", error_description="Use the nonce"',
  'Basic realm="a, b=c", Bearer error=invalid_token, Negotiate YWJj+/==, Newauth title="\\"x\\""',
  'Bearer scope=mcp:read resource_metadata=https://mcp.example.com/x, realm="unterminated',
]

test(
  `header fuzz: reads ${challengeCases} WWW-Authenticate values without an error`,
  { tags: ['C-06'], timeout },
  async () => {
    const random = seededRandom(seed)
    const problem = await firstProblem(challengeCases, () => {
      const header = mutated(challenges, random)
      const parsed = parseChallenges(header)
      const read = readBearerChallenge(header)
      if (parsed.length > header.length) return `${show(header)} was read as ${show(parsed)}`
      if (read === undefined) return undefined
      return formattingProblem(read) ?? (parsed.length > 0 ? undefined : show(header))
    })
    expect(problem).toBeUndefined()
  },
)

test(
  `header fuzz: refuses ${credentialCases} Authorization values, unless they contain the good token`,
  { tags: ['S-12', 'S-13'], timeout },
  async () => {
    const { token, boundToken, resourceServer } = await setUp()
    const [header = '', , signature = ''] = token.split('.')
    const corpus = [
      `Bearer ${token}`,
      `bearer   ${token}`,
      `DPoP ${boundToken}`,
      `Bearer ${header}..${signature}`,
      `Bearer ${token}, Basic dTpw`,
      'Basic dXNlcjpwYXNzd29yZA==',
      'Bearer rt_pZ3vQ8mXw1kYt6nB4cR9sL2dF7gH5jK0',
    ]
    const queries = ['access_token=x', 'a=b&c=d']
    const random = seededRandom(seed + 1)
    const problem = await firstProblem(credentialCases, async () => {
      const authorization = linesOf(corpus, random)
      const url = random.below(50) === 0 ? `/mcp?${mutated(queries, random)}` : '/mcp'
      const { kind } = readCredentials({ authorization, url })
      const decision = await resourceServer.authenticate({ authorization, url, method: 'GET' })
      const isGood = kind === 'token' && contains(authorization, token)
      if (decision.authenticated ? isGood : isRefusal(decision)) return undefined
      return `${show(authorization)} at ${url}: ${show(decision)}`
    })
    expect(problem).toBeUndefined()
  },
)

test(
  `header fuzz: refuses ${proofCases} DPoP values after the good proof was used`,
  { tags: ['S-12', 'S-13'], timeout },
  async () => {
    const { boundToken, proof, resourceServer } = await setUp()
    const request = { authorization: `DPoP ${boundToken}`, url: '/mcp', method: 'GET' }
    const [header = '', payload = '', signature = ''] = proof.split('.')
    const corpus = [proof, `${header}.${payload}.`, `${header}..${signature}`, `${proof}, ${proof}`]
    const random = seededRandom(seed + 2)
    expect(await resourceServer.authenticate({ ...request, dpop: proof })).toMatchObject({
      authenticated: true,
    })
    const problem = await firstProblem(proofCases, async () => {
      const dpop = linesOf(corpus, random)
      const decision = await resourceServer.authenticate({ ...request, dpop })
      return isRefusal(decision) ? undefined : `${show(dpop)}: ${show(decision)}`
    })
    expect(problem).toBeUndefined()
  },
)

/** Draws cases until one is wrong. An assertion for each case would take longer than the case. */
async function firstProblem(
  count: number,
  drawCase: () => string | undefined | Promise<string | undefined>,
): Promise<string | undefined> {
  for (let left = count; left > 0; left -= 1) {
    const problem = await drawCase()
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Usually one line, sometimes two. */
function linesOf(corpus: readonly string[], random: Random): string | readonly string[] {
  const line = mutated(corpus, random)
  return random.below(20) === 0 ? [line, mutated(corpus, random)] : line
}

function show(value: unknown): string {
  return JSON.stringify(value)
}

function formattingProblem(challenge: BearerChallenge): string | undefined {
  try {
    formatBearerChallenge(challenge)
    return undefined
  } catch (error) {
    // Text of a server may contain characters that a header must not contain.
    return ProtocolError.is(error) ? undefined : `${show(challenge)}: ${String(error)}`
  }
}

/** A refusal whose response can be sent. */
function isRefusal(decision: AuthenticationDecision): boolean {
  if (decision.authenticated) return false
  const { status, headers } = refusalReply(decision.refusal)
  return (
    [400, 401, 503].includes(status) &&
    Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value))
  )
}

/** Whether the header contains the token, with spaces or tabs around it. */
function contains(authorization: string | readonly string[], token: string): boolean {
  if (typeof authorization !== 'string') return false
  return /^[ \t]*bearer +(.*?)[ \t]*$/i.exec(authorization)?.[1] === token
}

async function setUp() {
  const issuer = 'https://as.example.com'
  const resource = 'https://mcp.example.com/mcp'
  const clock = virtualClock()
  const now = clock.nowEpochSeconds()
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'es' }]
  const resourceServer = createResourceServer(resource, [{ issuer, jwksUri: `${issuer}/jwks` }], {
    clock,
    dpop: {},
    fetch: () => Promise.resolve(Response.json({ keys })),
  })
  const client = await generateKeyPair('ES256')
  const jwk = await exportJWK(client.publicKey)
  const sign = (claims: Readonly<Record<string, unknown>>) =>
    new SignJWT({
      iss: issuer,
      aud: resource,
      sub: 'u',
      client_id: 'c',
      jti: 'j',
      iat: now,
      exp: now + 3600,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'es' })
      .sign(privateKey)
  const token = await sign({})
  const boundToken = await sign({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
  const ath = createHash('sha256').update(boundToken).digest('base64url')
  const proof = await new SignJWT({ jti: 'p', htm: 'GET', htu: resource, iat: now, ath })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .sign(client.privateKey)
  expect(
    await resourceServer.authenticate({ authorization: `Bearer ${token}`, url: '/mcp' }),
  ).toMatchObject({ authenticated: true })
  return { token, boundToken, proof, resourceServer }
}
