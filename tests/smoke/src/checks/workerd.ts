import { freePort } from '@evergrant/test-kit'
import { Miniflare } from 'miniflare'
import { bundleProgram } from '../bundle.ts'
import type { CheckResult, Installation } from '../check.ts'
import { startReferenceServers } from '../reference-servers.ts'

/** In workerd: a resource server that challenges, and a client that signs in and calls. */
export async function checkWorkerd({ project }: Installation): Promise<CheckResult> {
  const contents = await bundleProgram(project, 'worker.ts', 'workerd')
  await using servers = await startReferenceServers()
  const { as, server } = servers
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port,
    compatibilityDate: '2026-06-01',
    bindings: { RESOURCE: `${origin}/mcp`, ISSUER: as.issuer, MCP_SERVER: server.url },
    modules: [{ type: 'ESModule', path: 'worker.js', contents }],
  })
  try {
    await miniflare.ready
    const refused = await fetch(`${origin}/mcp`, { method: 'POST' })
    const challenge = refused.headers.get('www-authenticate') ?? ''
    if (refused.status !== 401 || !challenge.includes('scope="mcp:read"')) {
      throw new Error(`workerd: the resource server answered ${refused.status} ${challenge}`)
    }
    const called = await fetch(`${origin}/client`)
    const text = await called.text()
    if (text !== '{"refreshToken":"issued","status":200}') {
      throw new Error(`workerd: the client answered ${called.status} ${text}`)
    }
  } finally {
    await miniflare.dispose()
  }
  return 'workerd: a resource server challenges, a client signs in and calls'
}
