import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { startAuthorizationServer } from '@evergrant/reference-as'
import type {
  AuthorizationServerOptions,
  RunningAuthorizationServer,
} from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import type { RunningMcpServer } from '@evergrant/reference-mcp-server'

/** The two reference servers, and a folder for the client. */
export interface Scene extends AsyncDisposable {
  readonly as: RunningAuthorizationServer
  readonly server: RunningMcpServer
  readonly environment: NodeJS.ProcessEnv
}

/** Starts both servers on free loopback ports, in demo mode. */
export async function startScene(options: AuthorizationServerOptions = {}): Promise<Scene> {
  const home = await mkdtemp(path.join(tmpdir(), 'evergrant-samples-'))
  const as = await startAuthorizationServer({ demo: true, ...options })
  const server = await startMcpServer({
    authorizationServer: as.issuer,
    clockToleranceSeconds: 0,
  })
  return {
    as,
    server,
    environment: { EVERGRANT_SAMPLES_HOME: home, EVERGRANT_SAMPLES_HEADLESS: '1' },
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
      await rm(home, { recursive: true })
    },
  }
}

/** Runs a sample as a process, as its comment says, and returns its output. */
export async function runSample(name: string, scene: Scene): Promise<string> {
  const sample = path.resolve(import.meta.dirname, '../src', name)
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=workspace:source', sample, scene.server.url],
    { env: { ...process.env, ...scene.environment } },
  )
  return stdout
}
