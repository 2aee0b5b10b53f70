import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { discover, post, refresh, register, signIn, startServer } from '../support.ts'

// The members count whole seconds from the sign-in, which takes longer on a busy machine.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => vi.useRealTimers())

const lifetimes = { refreshTokenLifetimeSeconds: 3600, refreshTokenIdleSeconds: 600 }

const passSeconds = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

/** The two members of a response. */
function lifetimeOf(body: object): readonly unknown[] {
  return [Reflect.get(body, 'refresh_token_timeout'), Reflect.get(body, 'authorization_expires_in')]
}

test(
  'grant lifetimes: in the responses to a code and to a refresh, and in the metadata',
  { tags: ['A-12', 'A-07'] },
  async () => {
    await using server = await startServer(lifetimes)
    const { client, tokens } = await signIn(server)
    expect(lifetimeOf(tokens)).toEqual([600, 3600])
    passSeconds(100)
    const rotated = await refresh(server, client, tokens.refresh_token ?? '')
    // The absolute end does not move with the refresh.
    expect(lifetimeOf(rotated)).toEqual([600, 3500])
    expect(await discover(server)).toMatchObject({
      refresh_token_expiration_types_supported: ['authorization', 'token_timeout'],
    })
  },
)

test(
  'grant lifetimes: a risk assessment shortens the announced lifetimes',
  { tags: ['A-12', 'A-01'] },
  async () => {
    await using server = await startServer({
      ...lifetimes,
      assessRisk: () => ({ verdict: 'shorten', maximumLifetimeSeconds: 60, because: 'new' }),
    })
    const { client, tokens } = await signIn(server)
    expect(lifetimeOf(tokens)).toEqual([60, 60])
    // An access token does not outlive the authorization.
    const rotated = await refresh(server, client, tokens.refresh_token ?? '')
    expect(rotated.expires_in).toBeLessThanOrEqual(60)
  },
)

test(
  'grant lifetimes: a token that is given again and one that is kept have the times of their records',
  { tags: ['A-12', 'A-06'] },
  async () => {
    await using server = await startServer({ ...lifetimes, overlapSeconds: 10 })
    const { client, tokens } = await signIn(server)
    passSeconds(5)
    const kept = await refresh(server, client, tokens.refresh_token ?? '')
    expect(kept.refresh_token).toBe(tokens.refresh_token)
    await using strict = await startServer({ ...lifetimes, overlapSeconds: 0 })
    const other = await signIn(strict)
    await refresh(strict, other.client, other.tokens.refresh_token ?? '')
    passSeconds(5)
    const replayed = await refresh(strict, other.client, other.tokens.refresh_token ?? '')
    expect([lifetimeOf(kept), lifetimeOf(replayed)]).toEqual([
      [595, 3595],
      [595, 3595],
    ])
  },
)

test(
  'grant lifetimes: in the introspection of a refresh token only',
  { tags: ['A-12'] },
  async () => {
    await using server = await startServer(lifetimes)
    const { client, tokens } = await signIn(server)
    const introspect = async (token: string): Promise<object> => {
      const form = { client_id: client.client_id, token }
      return (await post(server, '/token/introspection', form)).body
    }
    passSeconds(5)
    expect(lifetimeOf(await introspect(tokens.refresh_token ?? ''))).toEqual([595, 3595])
    expect(lifetimeOf(await introspect('unknown'))).toEqual([undefined, undefined])
  },
)

test(
  'grant lifetimes: no members without a refresh token, and none in errors',
  { tags: ['A-12', 'A-02'] },
  async () => {
    await using server = await startServer(lifetimes)
    const client = await register(server, { grant_types: ['authorization_code'] })
    const { tokens } = await signIn(server, { client })
    expect(lifetimeOf(tokens)).toEqual([undefined, undefined])
    const refused = await post(server, '/token', {
      grant_type: 'refresh_token',
      client_id: (await register(server)).client_id,
      refresh_token: (await signIn(server)).tokens.refresh_token ?? '',
    })
    expect([refused.status, ...lifetimeOf(refused.body)]).toEqual([400, undefined, undefined])
    await using never = await startServer({ preset: 'never' })
    expect(await discover(never)).not.toHaveProperty('refresh_token_expiration_types_supported')
  },
)

test('grant lifetimes: an emulated product does not state them', { tags: ['A-12'] }, async () => {
  await using server = await startServer({ emulate: 'auth0' })
  const { tokens } = await signIn(server)
  expect(tokens.refresh_token).toBeDefined()
  expect(lifetimeOf(tokens)).toEqual([undefined, undefined])
  expect(await discover(server)).not.toHaveProperty('refresh_token_expiration_types_supported')
})
