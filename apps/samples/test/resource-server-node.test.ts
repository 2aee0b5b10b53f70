import { once } from 'node:events'
import { rawStatus, sendRaw, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createGreetingsServer } from '../src/resource-server-node.ts'

test(
  'node: refuses two Authorization lines, and answers a stalled request without a token',
  { tags: ['S-11', 'S-12', 'S-13'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    const resource = 'https://mcp.example.com/mcp'
    await using server = createGreetingsServer(resource, as.issuer)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const url = `http://127.0.0.1:${address.port}`

    const good = `Authorization: Bearer ${await as.signAccessToken({ scope: 'mcp:read', resource })}`
    const head = ['POST /mcp HTTP/1.1', 'Host: mcp.example.com']
    expect(await rawStatus(url, [...head, good, 'Authorization: Bearer forged'])).toBe(400)
    const stalled = sendRaw(url, [...head, 'Content-Length: 1000'])
    expect(await stalled.answer()).toMatch(/^HTTP\/1\.1 401 [^]*scope="mcp:read"/)
    stalled.socket.destroy()
    server.closeAllConnections()
  },
)
