/**
 * `pnpm interop:inspector`: the command line of the MCP Inspector, configured as a host, lists and calls
 * tools through `evergrant proxy`. It needs a network, because npx installs the Inspector.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'

const inspector = '@modelcontextprotocol/inspector@2.12.0'
const run = promisify(execFile)
const manifest = createRequire(import.meta.url).resolve('evergrant/package.json')
const program = path.join(path.dirname(manifest), 'dist', 'main.js')

const as = await startScriptedAuthorizationServer()
const server = await startMcpServer({ authorizationServer: as.issuer })
const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-inspector-'))
const env = { ...process.env, EVERGRANT_HOME: folder, EVERGRANT_KEY: 'key-file' }
const file = path.join(folder, 'mcp.json')

async function runCli(args: readonly string[]): Promise<void> {
  await run(process.execPath, [program, ...args], { env })
}

async function inspect(args: readonly string[]): Promise<string> {
  const common = ['-y', inspector, '--cli', '--config', file, '--server', 'notes']
  const { stdout } = await run('npx', [...common, ...args], { env, timeout: 300_000 })
  return stdout
}

try {
  await runCli(['login', server.url, '--headless'])
  await runCli([
    'config',
    'cursor',
    server.url,
    '--write',
    '--file',
    file,
    '--name',
    'notes',
    '--installed',
  ])
  // Here, the program is not installed, and a host passes no other variables on.
  const configured: { mcpServers: { notes: Record<string, unknown> } } = JSON.parse(
    await readFile(file, 'utf8'),
  )
  configured.mcpServers.notes['command'] = program
  configured.mcpServers.notes['env'] = { EVERGRANT_HOME: folder, EVERGRANT_KEY: 'key-file' }
  await writeFile(file, JSON.stringify(configured))
  const listed = await inspect(['--method', 'tools/list'])
  const called = await inspect(['--method', 'tools/call', '--tool-name', 'notes_list'])
  const isRight = listed.includes('"notes_write"') && called.includes('\\"notes\\":[]')
  process.stdout.write(
    `${listed}${called}\n${isRight ? 'The Inspector used the proxy.' : 'Failed.'}\n`,
  )
  if (!isRight) process.exitCode = 1
} finally {
  await server.close()
  await as.close()
  await rm(folder, { recursive: true, force: true })
}
