import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'

/** A proxy to measure. */
export interface Contestant {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const resolve = createRequire(import.meta.url).resolve

async function programOf(packageName: string, bin: string): Promise<string> {
  const manifest = resolve(`${packageName}/package.json`)
  const { bin: programs }: { bin: Readonly<Record<string, string>> } = JSON.parse(
    await readFile(manifest, 'utf8'),
  )
  return path.join(path.dirname(manifest), programs[bin] ?? '')
}

/** `evergrant proxy` over a home of its own. */
export async function ourProxy(url: string, folder: string): Promise<Contestant> {
  return {
    name: 'evergrant proxy',
    args: [await programOf('evergrant', 'evergrant'), 'proxy', url, '--headless'],
    env: { EVERGRANT_HOME: path.join(folder, 'evergrant'), EVERGRANT_KEY: 'key-file' },
  }
}

/** `evergrant proxy` from the sources, so that a test needs no build. */
export async function ourProxyFromSources(url: string, folder: string): Promise<Contestant> {
  const { name, args, env } = await ourProxy(url, folder)
  const [program = '', ...others] = args
  const source = path.join(path.dirname(path.dirname(program)), 'src', 'main.ts')
  return { name, args: ['--conditions=workspace:source', source, ...others], env }
}

/** mcp-remote, signed in: with the files that it would have written. */
export async function mcpRemote(url: string, folder: string): Promise<Contestant> {
  const base = path.join(folder, 'mcp-remote')
  const hash = createHash('md5').update(url).digest('hex')
  const store = path.join(base, 'mcp-remote-v1')
  await mkdir(store, { recursive: true })
  const lifetimeSeconds = 86_400
  await writeFile(
    path.join(store, `${hash}_tokens.json`),
    JSON.stringify({
      access_token: 'opaque',
      token_type: 'Bearer',
      refresh_token: 'opaque-too',
      expires_in: lifetimeSeconds,
      expires_at: Date.now() + lifetimeSeconds * 1000,
    }),
  )
  return {
    name: 'mcp-remote 0.15.1',
    args: [await programOf('mcp-remote', 'mcp-remote'), url, '--silent'],
    env: { MCP_REMOTE_CONFIG_DIR: base },
  }
}

/** Signs in once, so that a measurement starts with a stored sign-in. */
export async function signIn({ args, env }: Contestant, url: string): Promise<void> {
  const [program = ''] = args
  const child = spawn(process.execPath, [program, 'login', url, '--headless'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`evergrant login ended with ${code}`)
}
