import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import type { RunningMcpServer } from '@evergrant/reference-mcp-server'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type {
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
} from '@evergrant/test-kit'
import { runCli } from '../src/index.ts'
import type { CliEnvironment } from '../src/index.ts'

/** The output and exit code of a command line. */
export interface CliRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A command line in a separate process. */
export interface CliChild {
  readonly process: ChildProcess
  /** Resolves when stderr contains the text; rejects when the process ends without it. */
  untilSaid(text: string): Promise<void>
  readonly ended: Promise<CliRun>
}

/** An authorization server, an MCP server behind it, and a home for the program. */
export interface Scene extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly server: RunningMcpServer
  readonly url: string
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  /** Everything that any run printed. */
  readonly printed: readonly string[]
  /** Runs a command line in this process. */
  run(args: readonly string[], environment?: Partial<CliEnvironment>): Promise<CliRun>
  /** Starts a command line as a process. */
  spawn(args: readonly string[]): CliChild
}

export async function scene(options: ScriptedAuthorizationServerOptions = {}): Promise<Scene> {
  const as = await startScriptedAuthorizationServer(options)
  const server = await startMcpServer({
    authorizationServer: as.issuer,
    clockToleranceSeconds: 0,
  })
  const home = await temporaryFolder()
  const env = { EVERGRANT_HOME: home.path, EVERGRANT_KEY: 'key-file' }
  const printed: string[] = []
  return {
    as,
    server,
    url: server.url,
    home: home.path,
    env,
    printed,
    async run(args, environment) {
      const result = await runInProcess(args, { env, ...environment })
      printed.push(result.out, result.err)
      return result
    },
    spawn(args) {
      const child = spawnCli(args, env)
      void child.ended.then(({ out, err }) => printed.push(out, err))
      return child
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
      await home[Symbol.asyncDispose]()
    },
  }
}

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-cli-'))
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The text of every file in a folder and its subfolders. */
export async function filesBeneath(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return await Promise.all(
    files.map((entry) => readFile(path.join(entry.parentPath, entry.name), 'latin1')),
  )
}

export async function runInProcess(
  args: readonly string[],
  environment: Partial<CliEnvironment>,
): Promise<CliRun> {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    stdout: (text) => void (out += text),
    env: {},
    ...environment,
    stderr(text) {
      err += text
      environment.stderr?.(text)
    },
  })
  return { code, out, err }
}

function spawnCli(args: readonly string[], env: Readonly<Record<string, string>>): CliChild {
  const main = path.join(import.meta.dirname, '..', 'src', 'main.ts')
  const child = spawn(process.execPath, ['--conditions=workspace:source', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const ended: Promise<CliRun> = once(child, 'close').then(([code]) => ({ code, out, err }))
  return {
    process: child,
    untilSaid(text) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (err.includes(text)) resolve()
        }
        child.stderr.on('data', look)
        look()
        void ended.then(() => reject(new Error(`It ended without ${JSON.stringify(text)}: ${err}`)))
      })
    },
    ended,
  }
}
