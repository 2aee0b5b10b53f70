import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { scene } from '../support/signed-in-session.ts'

const clientSecret = 'a-long-client-secret'

async function unattendedScene() {
  const it = await scene({ as: { clients: [{ clientId: 'robot', clientSecret }] } })
  const session = () =>
    it.session({
      signIn: { kind: 'client-credentials' },
      client: {
        name: 'robot',
        preRegistered: { [it.as.issuer]: { clientId: 'robot', clientSecret } },
      },
    })
  return { ...it, open: session }
}

test(
  'client credentials: requests a token with scope and resource, and another when it expires',
  { tags: ['C-34', 'C-20', 'C-04'] },
  async () => {
    await using it = await unattendedScene()
    const send = authorizedFetch(it.open(), { clock: it.clock })
    for (let expiry = 1; expiry <= 3; expiry += 1) {
      expect((await send(it.server.resource)).status).toBe(200)
      expect((await send(it.server.resource)).status).toBe(200)
      expect(it.as.count('token')).toBe(expiry)
      it.clock.advanceSeconds(1000)
    }
    const asked = it.as.requests.find(({ endpoint }) => endpoint === 'token')
    expect(asked?.form).toMatchObject({
      grant_type: 'client_credentials',
      scope: 'mcp:read',
      resource: it.server.resource,
    })
    expect(it.as.count('authorize')).toBe(0)
  },
)

test('client credentials: sessions over one store share a token', { tags: ['C-51'] }, async () => {
  await using it = await unattendedScene()
  const responses = await Promise.all(
    Array.from({ length: 5 }, () => authorizedFetch(it.open())(it.server.resource)),
  )
  expect(responses.map(({ status }) => status)).toEqual(Array(5).fill(200))
  expect(it.as.count('token')).toBe(1)
})

test(
  'client credentials: a wrong secret is an error with the words of the server, without the secret',
  { tags: ['C-06'] },
  async () => {
    await using it = await unattendedScene()
    it.as.rotateClientSecret('robot', 'another-client-secret')
    const failing = it.open().signIn()
    await expect(failing).rejects.toMatchObject({
      code: 'TOKEN_REQUEST_REFUSED',
      oauthError: 'invalid_client',
    })
    await expect(failing).rejects.not.toMatchObject({
      message: expect.stringContaining(clientSecret),
    })
  },
)

test(
  'client credentials: a client without a secret is refused by name',
  { tags: ['C-37'] },
  async () => {
    await using it = await scene()
    const failing = it.session({ signIn: { kind: 'client-credentials' } }).signIn()
    await expect(failing).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('client.preRegistered'),
    })
  },
)
