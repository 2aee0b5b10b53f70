import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { ScriptedAuthorizationServerOptions } from '@evergrant/test-kit'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'

/** An MCP server in a process, and its authorization server in this one. */
export interface ProtectedMcp extends AsyncDisposable {
  readonly url: string
  readonly as: ScriptedAuthorizationServer
}

export async function startProtectedMcp(
  options: ScriptedAuthorizationServerOptions,
): Promise<ProtectedMcp> {
  const as = await startScriptedAuthorizationServer(options)
  const child = fork(path.join(import.meta.dirname, 'mcp-server.ts'), [as.issuer], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = await once(child.stdout ?? child, 'data')
  return {
    url: `${String(line).trim()}/mcp`,
    as,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'close')
      await as.close()
    },
  }
}
