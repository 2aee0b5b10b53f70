import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import type { AccessToken, Session } from '../../src/index.ts'
import { scene } from '../support/signed-in-session.ts'

const bound = { kind: 'merge', fields: { token_type: 'DPoP' } } as const
const preferences = { dpop: 'when-advertised' } as const

/** The key of the proof that a session sends with a token, and the token that the proof names. */
async function proofOf(session: Session, token: AccessToken) {
  let proof = ''
  await session.send(token, session.serverUrl, {}, async (_url, init) => {
    const headers = new Headers(init?.headers)
    proof = headers.get('dpop') ?? ''
    expect(headers.get('authorization')).toBe(`DPoP ${token.value}`)
    return new Response('')
  })
  const { jwk } = partOf(proof, 0) as { jwk?: { x?: unknown } }
  const { ath } = partOf(proof, 1) as { ath?: unknown }
  return { x: jwk?.x, ath }
}

function partOf(jwt: string, index: number): unknown {
  return JSON.parse(Buffer.from(jwt.split('.')[index] ?? '', 'base64url').toString())
}

function hashOf({ value }: AccessToken): string {
  return createHash('sha256').update(value).digest('base64url')
}

test(
  'bound token: the proof uses the key of the token that is sent, even after a sign-in with another key',
  { tags: ['C-54'] },
  async () => {
    await using it = await scene()
    it.as.overrideMetadata({ dpop_signing_alg_values_supported: ['ES256'] })
    it.as.faults.token.push(bound, bound)
    const session = it.session({ preferences })
    await session.signIn()
    const first = await session.getAccessToken()
    // The request with the first token starts after this sign-in has replaced its key.
    await it.session({ preferences }).signIn({ force: true })
    const second = await session.getAccessToken({ rejectedAccessToken: first.value })
    expect(second.dpopKey?.['x']).not.toBe(first.dpopKey?.['x'])

    expect(await proofOf(session, first)).toEqual({
      x: first.dpopKey?.['x'],
      ath: hashOf(first),
    })
    expect(await proofOf(session, second)).toEqual({
      x: second.dpopKey?.['x'],
      ath: hashOf(second),
    })
  },
)

test('bound token: logs, JSON and copies have no key', { tags: ['C-06'] }, async () => {
  await using it = await scene()
  it.as.overrideMetadata({ dpop_signing_alg_values_supported: ['ES256'] })
  it.as.faults.token.push(bound)
  const session = it.session({ preferences })
  await session.signIn()
  const token = await session.getAccessToken()
  const d = token.dpopKey?.['d']
  expect(d).toBeTypeOf('string')
  for (const shown of [
    inspect(token, { depth: 9 }),
    JSON.stringify(token),
    inspect({ ...token }),
    inspect(structuredClone(token)),
  ]) {
    expect(shown).toContain(token.value)
    expect(shown).not.toContain(d)
  }
})
