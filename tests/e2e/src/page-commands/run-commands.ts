import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { freePorts } from '@evergrant/test-kit'
import { runCli } from 'evergrant'
import { commandsOfPage, withOutputs } from './commands-of-page.ts'

/** The ports of the servers of a page: the default of the authorization server, and `--port`. */
const portsOfPage = { authorizationServer: 9400, mcpServer: 9500 } as const

/** The output of a command, with the addresses of the page. */
export interface CommandRun {
  readonly command: string
  readonly code: number
  readonly output: string
}

/** Options of {@link runPage}. */
export interface RunPageOptions {
  /** The folder in which the client keeps its state. Default: a new one. */
  readonly home?: string
  /** The ports of the authorization server and of the MCP server. Default: free ones. */
  readonly ports?: readonly [number, number]
}

/**
 * Runs the commands of a page in their order, until the last one is done. Servers are processes.
 *
 * @param root - The repository.
 */
export async function runPage(
  page: string,
  root: string,
  options: RunPageOptions = {},
): Promise<readonly CommandRun[]> {
  await using scene = await startScene(root, options)
  const runs: CommandRun[] = []
  for (const { command } of commandsOfPage(page)) runs.push(await scene.run(command))
  return runs
}

/** A page with the outputs of its commands. */
export async function outputsOf(page: string, root: string): Promise<string> {
  const runs = await runPage(page, root)
  const failed = runs.find(({ code }) => code !== 0)
  if (failed !== undefined) throw new Error(`${failed.command} failed:\n${failed.output}`)
  return withOutputs(page, runs.map(shownOutput))
}

/** The lines of an output that a page shows. What is left out is an ellipsis. */
export function shownOutput({ command, output }: CommandRun): string {
  const shown = shownLines(command)
  if (shown === undefined) return output
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (shown.test(line) ? line : '…'))
  return lines.filter((line, index) => line !== '…' || lines[index - 1] !== '…').join('\n')
}

function shownLines(command: string): RegExp | undefined {
  if (command.includes('/reference-as/')) {
    return /^ {2}(?:emulates|refresh tokens|sign-ins|successor grace|clients) /
  }
  if (command.includes(' call ')) return /^ {2}(?:calls|failed|refreshes|adopted|sign-ins) /
  return command.includes('/reference-mcp-server/') ? /^(?:MCP server|issuer) / : undefined
}

async function startScene(root: string, options: RunPageOptions) {
  const home = options.home ?? (await mkdtemp(path.join(tmpdir(), 'evergrant-pages-')))
  const servers: ServerProcess[] = []
  const { authorizationServer, mcpServer } = portsOfPage
  const [actualServer = authorizationServer, actualMcpServer = mcpServer] =
    options.ports ?? (await freePorts(2))
  const replaced = (text: string, ports: readonly (readonly [number, number])[]): string =>
    ports.reduce((one, [from, to]) => one.replaceAll(`127.0.0.1:${from}`, `127.0.0.1:${to}`), text)
  const actual = (text: string): string =>
    replaced(text, [
      [authorizationServer, actualServer],
      [mcpServer, actualMcpServer],
    ]).replace(`--port ${mcpServer}`, `--port ${actualMcpServer}`)
  const asOnPage = (text: string): string =>
    replaced(text, [
      [actualServer, authorizationServer],
      [actualMcpServer, mcpServer],
    ])

  return {
    async run(command: string): Promise<CommandRun> {
      const { app, parameters } = parseCommand(actual(command))
      if (parameters[0] !== 'serve') {
        const { code, output } = await runClient(app, parameters, path.join(home, 'state'))
        return { command, code, output: asOnPage(output) }
      }
      const port = app === 'reference-as' ? ['--port', String(actualServer)] : []
      const server = await startServer(path.join(root, mainOf(app)), [...parameters, ...port])
      servers.push(server)
      return { command, code: server.code, output: asOnPage(server.output) }
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.stop()
      if (options.home === undefined) await rm(home, { recursive: true, force: true })
    },
  }
}

const clientApp = 'reference-client'

function mainOf(app: string): string {
  return `apps/${app}/dist/main.js`
}

function parseCommand(command: string): { readonly app: string; readonly parameters: string[] } {
  const [pnpm, exec, node, program = '', ...parameters] = command.split(' ')
  const [, app = ''] = /^apps\/([\w-]+)\/dist\/main\.js$/.exec(program) ?? []
  if ([pnpm, exec, node].join(' ') !== 'pnpm exec node' || app === '') {
    throw new Error(
      `Cannot run ${JSON.stringify(command)} (expected: pnpm exec node apps/…/dist/main.js …).`,
    )
  }
  return { app, parameters }
}

/** Runs the command line of the client in this process, because twenty pages have sixty of them. */
async function runClient(
  app: string,
  parameters: readonly string[],
  home: string,
): Promise<{ readonly code: number; readonly output: string }> {
  if (app !== clientApp) throw new Error(`Cannot run ${app} ${parameters[0]}.`)
  let output = ''
  const write = (text: string): void => void (output += text)
  const code = await runCli(parameters, {
    stdout: write,
    stderr: write,
    env: { EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file' },
  })
  return { code, output }
}

interface ServerProcess {
  readonly code: number
  readonly output: string
  stop(): Promise<void>
}

/** Starts a server, and waits until it has printed its summary, or has ended. */
async function startServer(program: string, parameters: readonly string[]): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  })
  let output = ''
  const ended = once(child, 'close')
  const ready = Promise.withResolvers<undefined>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
      // The last line of their summaries.
      if (/^(?:Stop with|  sign-in )/m.test(output)) ready.resolve(undefined)
    })
  }
  await Promise.race([ready.promise, ended])
  return {
    code: child.exitCode ?? 0,
    output,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}
