import { readBearerChallenge } from '@evergrant/core'
import type { BearerChallenge } from '@evergrant/core'
import { createNodeListener } from '@evergrant/resource-server/node'
import { jsonBody, sendRaw } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createFilesApp as createFastifyApp } from '../src/resource-server-fastify.ts'
import { createFilesApp as createHonoApp } from '../src/resource-server-hono.ts'
import * as sdkV1 from '../src/resource-server-sdk-v1.ts'
import * as sdkV2 from '../src/resource-server-sdk-v2.ts'
import { startFiles } from './files-client.ts'
import type { Listener } from './files-client.ts'

type Create = (resource: string, authorizationServer: string) => Listener | Promise<Listener>

const onHono: Create = (resource, as) => {
  const app = createHonoApp(resource, as)
  return createNodeListener((request) => app.fetch(request))
}
const onFastify: Create = async (resource, as) => {
  const app = createFastifyApp(resource, as)
  await app.ready()
  return (request, response) => app.routing(request, response)
}

/** Scopes that are fixed for the route. */
const fixed: readonly (readonly [string, Create])[] = [
  ['requireBearerAuth of SDK 1.x', sdkV1.createFilesServer],
  ['requireBearerAuth of SDK 2.x', sdkV2.createFilesServer],
]
/** Scopes that are computed from the message. */
const computed: readonly (readonly [string, Create])[] = [
  ['requireAccess with SDK 1.x', sdkV1.createStepUpFilesServer],
  ['requireAccess with SDK 2.x', sdkV2.createStepUpFilesServer],
  ['Hono', onHono],
  ['Fastify', onFastify],
]

test.each([...fixed, ...computed])(
  'adapter: %s serves a caller with a sufficient or broader scope',
  { tags: ['S-12', 'S-14'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    for (const scope of ['files:read', 'files:write']) {
      const response = await files.call('list_files', scope)
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining('Files of user-1: hello.txt'),
      ])
    }
  },
)

test.each([...fixed, ...computed])(
  'adapter: %s challenges a request without a token, and serves the metadata that it names',
  { tags: ['S-02', 'S-10', 'S-11', 'S-13'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    const { resource, as } = files
    const response = await files.call('list_files')
    const challenge = challengeOf(response)
    expect([response.status, challenge?.scope]).toEqual([401, ['files:read']])
    const { origin } = new URL(resource)
    expect(challenge?.resource_metadata).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`)
    const metadata = await fetch(challenge?.resource_metadata ?? '')
    expect(metadata.headers.get('access-control-allow-origin')).toBe('*')
    expect(await jsonBody(metadata)).toMatchObject({
      resource,
      authorization_servers: [as.issuer],
      scopes_supported: ['files:read'],
    })
  },
)

test.each([...fixed, ...computed])(
  'adapter: %s answers a token for another resource with 401 invalid_token',
  { tags: ['S-12', 'S-13'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    const token = await files.as.signAccessToken({
      scope: 'files:read',
      resource: 'https://x.test',
    })
    const response = await fetch(files.resource, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    expect([response.status, challengeOf(response)?.error]).toEqual([401, 'invalid_token'])
  },
)

test.each(fixed)(
  'adapter: %s answers a missing scope with 403 and the scopes of the route',
  { tags: ['S-13'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    const response = await files.call('list_files', 'mail:read')
    const { error, scope } = challengeOf(response) ?? {}
    expect([response.status, error, scope]).toEqual([403, 'insufficient_scope', ['files:read']])
  },
)

test.each(computed)(
  'adapter: %s answers missing scopes with 403 and all scopes of the called tool',
  { tags: ['S-13'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    const both = ['files:read', 'files:write']
    for (const granted of ['files:read', 'mail:read']) {
      const response = await files.call('replace_file', granted)
      const { error, scope } = challengeOf(response) ?? {}
      expect([response.status, error, scope]).toEqual([403, 'insufficient_scope', both])
    }
    const allowed = await files.call('replace_file', 'files:write')
    expect([allowed.status, await allowed.text()]).toEqual([
      200,
      expect.stringContaining('Servus!'),
    ])
  },
)

test.each(computed)(
  'adapter: %s answers two Authorization lines with 400',
  { tags: ['S-13'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    const token = await files.as.signAccessToken({ scope: 'files:read', resource: files.resource })
    const { host } = new URL(files.resource)
    const line = `Authorization: Bearer ${token}`
    const start = ['POST /mcp HTTP/1.1', `Host: ${host}`, 'Content-Length: 0']
    const answer = await sendRaw(files.resource, [...start, line, line]).answer()
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('error="invalid_request"')
  },
)

test.each(computed)(
  'adapter: %s answers a body that is not JSON with 400, and a batch with all scopes of its messages',
  { tags: ['S-13'] },
  async (_name, create) => {
    await using files = await startFiles(create)
    for (const body of ['{', '[[[[', 'not JSON', '"text"', '['.repeat(50_000)]) {
      expect((await files.post(body, 'files:read')).status).toBe(400)
    }
    const call = (name: string) => ({ jsonrpc: '2.0', method: 'tools/call', params: { name } })
    const batch = JSON.stringify([call('list_files'), call('replace_file')])
    const response = await files.post(batch, 'mail:read')
    expect([response.status, challengeOf(response)?.scope]).toEqual([
      403,
      ['files:read', 'files:write'],
    ])
  },
)

function challengeOf(response: Response): BearerChallenge | undefined {
  return readBearerChallenge(response.headers.get('www-authenticate'))
}
