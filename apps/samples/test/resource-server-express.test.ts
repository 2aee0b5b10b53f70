import { readBearerChallenge } from '@evergrant/core'
import { jsonBody, startScriptedAuthorizationServer, startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createFilesApp } from '../src/resource-server-express.ts'

test(
  'express: serves metadata, accepts the broader scope, and challenges the narrower one',
  {
    tags: ['S-10', 'S-13', 'S-14'],
  },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    let app: ReturnType<typeof createFilesApp> | undefined
    await using server = await startServer((request, response) => {
      app?.(request, response)
    })
    const resource = `${server.url}/files`
    app = createFilesApp(resource, as.issuer)

    const unauthorized = await fetch(resource)
    const challenge = readBearerChallenge(unauthorized.headers.get('www-authenticate'))
    expect([unauthorized.status, challenge?.scope]).toEqual([401, ['files:read']])
    const metadata = await jsonBody(await fetch(challenge?.resource_metadata ?? ''))
    expect(metadata).toMatchObject({ resource, authorization_servers: [as.issuer] })

    async function send(method: string, scope: string): Promise<number> {
      const token = await as.signAccessToken({ scope, resource })
      return (await fetch(resource, { method, headers: { authorization: `Bearer ${token}` } }))
        .status
    }
    expect(await send('GET', 'files:read')).toBe(200)
    expect(await send('GET', 'files:write')).toBe(200)
    expect(await send('POST', 'files:read')).toBe(403)
    expect(await send('POST', 'files:write')).toBe(201)
  },
)
