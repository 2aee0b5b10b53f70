import { createSession } from '@evergrant/client'
import { memoryStore } from '@evergrant/client/stores/memory'
import { freePort, startTrustingResource, walkThroughPages } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { startProgram } from './program.ts'

test(
  'oidc-provider-server.ts: signs in through its pages, and a lost response ends no sign-in',
  { tags: ['A-04', 'A-05', 'A-06', 'A-12'] },
  async () => {
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}`
    const resource = await startTrustingResource('mcp:read')
    resource.protectedBy(issuer)
    await using program = await startProgram('oidc-provider-server.ts', [
      String(port),
      resource.url,
    ])
    expect(program.lines).toContain(`Authorization server: ${issuer}`)
    const redirectUri = 'http://127.0.0.1:9/callback'
    const requests: string[] = []
    let loseResponse = false
    const session = createSession(resource.url, {
      store: memoryStore(),
      client: { name: 'test' },
      async fetch(input, init) {
        const response = await fetch(input, init)
        const form = init?.body instanceof URLSearchParams ? init.body : new URLSearchParams()
        if (form.get('grant_type') !== 'refresh_token') return response
        requests.push(String(response.status))
        if (!loseResponse) return response
        loseResponse = false
        await response.body?.cancel()
        throw new TypeError('fetch failed')
      },
      signIn: {
        kind: 'interactive',
        prepare: () =>
          Promise.resolve({
            redirectUri,
            authorize: (url) =>
              walkThroughPages(url, {
                fields: { login: 'alice', password: 'anything' },
                redirectUri,
              }),
            close: () => Promise.resolve(),
          }),
      },
    })
    expect(await session.signIn()).toMatchObject({ refreshToken: 'issued' })
    const { value: rejectedAccessToken } = await session.getAccessToken()
    loseResponse = true
    const { value } = await session.getAccessToken({ rejectedAccessToken })
    expect(value).not.toBe(rejectedAccessToken)
    expect(requests).toEqual(['200', '200'])
    // Within the overlap after the sign-in, a refresh token is kept.
    expect(program.lines.slice(1).map((line) => line.split(' ')[0])).toEqual([
      'issuance-decided',
      'kept',
      'kept',
    ])
    await resource.close()
  },
)
