import { expect, test } from 'vitest'
import { scene } from '../support/signed-in-session.ts'
import { tableServer } from '../support/table-server.ts'
import type { TableAnswer } from '../support/table-server.ts'

const botCheck: TableAnswer = [403, '<title>Are you human?</title>']
const unpublished = {
  '/.well-known/oauth-protected-resource/mcp': botCheck,
  '/.well-known/oauth-protected-resource': botCheck,
  '/.well-known/oauth-authorization-server': botCheck,
}
const guessed =
  /endpoints were guessed because no metadata was found at .*\(status 403, "text\/html"\)/

test(
  'guessed endpoints: a refused registration is reported with what was found at each location',
  { tags: ['C-44'] },
  async () => {
    await using it = await scene()
    await using server = await tableServer(() => ({ ...unpublished, '/register': [403, '{}'] }))
    const session = it.session({}, `${server.origin}/mcp`)
    await expect(session.signIn()).rejects.toMatchObject({
      code: 'REGISTRATION_FAILED',
      message: expect.stringMatching(guessed),
    })
    expect(server.paths.at(-1)).toBe('/register')
  },
)

test.each<[string, TableAnswer, string]>([
  ['refused', [400, '{"error":"invalid_client"}'], 'TOKEN_REQUEST_REFUSED'],
  ['not found', [404, 'not found'], 'TEMPORARILY_UNAVAILABLE'],
])(
  'guessed endpoints: a code exchange that is %s is reported with what was found at each location',
  { tags: ['C-44'] },
  async (_, token, code) => {
    await using it = await scene()
    await using server = await tableServer(() => ({
      ...unpublished,
      '/register': [201, '{"client_id":"c","redirect_uris":[]}'],
      '/token': token,
    }))
    const session = it.session(
      {
        signIn: {
          kind: 'interactive',
          prepare: () =>
            Promise.resolve({
              redirectUri: 'http://127.0.0.1/callback',
              authorize: (authorizationUrl) => {
                const state = new URL(authorizationUrl).searchParams.get('state')
                return Promise.resolve(`http://127.0.0.1/callback?code=some-code&state=${state}`)
              },
              close: () => Promise.resolve(),
            }),
        },
      },
      `${server.origin}/mcp`,
    )
    await expect(session.signIn()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(guessed),
    })
  },
)

test(
  'guessed endpoints: are stored with the sign-in, shown in the status, and named by a refused refresh',
  { tags: ['C-44'] },
  async () => {
    await using it = await scene()
    let token: TableAnswer = [
      200,
      '{"access_token":"at","token_type":"Bearer","refresh_token":"refresh-token","expires_in":1000}',
    ]
    await using server = await tableServer(() => ({
      ...unpublished,
      '/register': [201, '{"client_id":"c","redirect_uris":[]}'],
      '/token': token,
    }))
    const redirectUri = 'http://127.0.0.1/callback'
    const options = { signIn: { kind: 'redirect', redirectUri } } as const
    const session = it.session(options, `${server.origin}/mcp`)
    const required = await session.signIn().catch((error: unknown) => error)
    const { authorizationUrl } = required as { authorizationUrl: string }
    const state = new URL(authorizationUrl).searchParams.get('state')
    const result = await session.completeSignIn(`${redirectUri}?code=some-code&state=${state}`)
    expect(result.assumptions?.map(({ code }) => code)).toEqual(['endpoints-guessed'])
    expect((await session.status()).assumptions).toEqual(result.assumptions)
    expect(it.events).toContainEqual(expect.objectContaining({ type: 'assumption-made' }))

    token = [400, '{"error":"invalid_request"}']
    it.clock.advanceSeconds(1000)
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'refresh-refused',
      message: expect.stringMatching(guessed),
    })
  },
)
