/**
 * `pnpm bench:doctor`: how long `evergrant doctor` takes at a healthy server on loopback, including the
 * start of the program, beside the start of Node.js and of `evergrant --version`. The exit code is 1
 * if the median of the doctor is a second or more.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startProtectedServer } from '@evergrant/test-kit'

const runs = 15
const limitMilliseconds = 1000
const program = path.resolve(import.meta.dirname, '../../../../apps/reference-client/dist/main.js')

const authorizationServer = await startAuthorizationServer({ demo: true })
const mcpServer = await startProtectedServer(
  { issuer: authorizationServer.issuer, jwksUri: `${authorizationServer.issuer}/jwks` },
  { scopesSupported: ['mcp:read'], scopeByPath: { '/mcp': 'mcp:read' } },
)
const node = await measure(['-e', ''])
const version = await measure([program, '--version'])
const doctor = await measure([program, 'doctor', mcpServer.resource])
await mcpServer.close()
await authorizationServer.close()

process.stdout.write(`
| program, ${runs} runs | median | slowest |
| --- | --- | --- |
| node | ${row(node)} |
| evergrant --version | ${row(version)} |
| evergrant doctor, healthy server | ${row(doctor)} |
`)
process.exitCode = median(doctor) < limitMilliseconds ? 0 : 1

/** The times of several runs, after one that fills the caches. */
async function measure(args: readonly string[]): Promise<readonly number[]> {
  await run(args)
  const times: number[] = []
  for (let count = 0; count < runs; count += 1) times.push(await run(args))
  return times
}

async function run(args: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${args.join(' ')} exited with ${code}.`)
  return performance.now() - startedAt
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

function row(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms | ${Math.max(...times).toFixed(0)} ms`
}
