import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** A tenant that controls only /mcp, and claims the whole origin with a document there. */
function tenantOf(it: Scene) {
  const metadataUrl = `${it.server.resource}/metadata.json`
  const answering: typeof globalThis.fetch = (input, init) =>
    new Request(input, init).url === metadataUrl
      ? Promise.resolve(
          Response.json({ resource: it.server.origin, authorization_servers: [it.as.issuer] }),
        )
      : fetch(input, init)
  const challenge = { scheme: 'Bearer', resource_metadata: metadataUrl } as const
  return { challenge, fetch: answering, metadataUrl }
}

test(
  'wider resource: a tenant cannot obtain tokens that are valid for its neighbors',
  { tags: ['C-30', 'C-34'] },
  async () => {
    await using it = await scene()
    const tenant = tenantOf(it)
    const session = it.session({ fetch: tenant.fetch })
    await expect(session.signIn({ challenge: tenant.challenge })).rejects.toMatchObject({
      code: 'RESOURCE_TOO_WIDE',
      message: expect.stringMatching(new RegExp(`"${tenant.metadataUrl}" claims the resource`)),
    })
    expect(it.signIns()).toBe(0)
    expect(it.as.requests).toEqual([])
  },
)

test(
  'wider resource: a host that accepts the resource signs in to it, and step-ups need no new acceptance',
  { tags: ['C-30', 'C-34'] },
  async () => {
    await using it = await scene()
    const tenant = tenantOf(it)
    const accepting = it.session({ fetch: tenant.fetch, acceptedResource: `${it.server.origin}/` })
    const first = await accepting.signIn({ challenge: tenant.challenge })
    expect(first.identity.resource).toBe(it.server.origin)
    expect(first.warnings?.join()).toContain('covers more than')

    const later = it.session({ fetch: tenant.fetch })
    const second = await later.signIn({ challenge: tenant.challenge, force: true })
    expect(second.identity.resource).toBe(it.server.origin)
  },
)

test(
  'wider resource: the well-known URL of the origin may claim the complete origin',
  { tags: ['C-30'] },
  async () => {
    await using it = await scene({ server: { wellKnown: 'root' } })
    const { origin } = it.server
    const answering: typeof globalThis.fetch = (input, init) =>
      new Request(input, init).url === it.server.metadataUrl
        ? Promise.resolve(
            Response.json({ resource: origin, authorization_servers: [it.as.issuer] }),
          )
        : fetch(input, init)
    const { identity } = await it.session({ fetch: answering }).signIn()
    expect(identity.resource).toBe(origin)
  },
)

test(
  'wider resource: a URL that the parser rewrites is still compared correctly',
  { tags: ['C-39'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    const ask = authorizedFetch(session)
    expect((await ask(`${it.server.resource}/ü`)).status).toBe(200)
    expect(it.server.acceptedTokens).toHaveLength(1)
    expect((await ask(`${it.server.origin}/elsewhere/ü`)).status).toBe(404)
    expect(it.server.acceptedTokens).toHaveLength(1)
  },
)
