import { readFile, readdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { startServer } from '@evergrant/test-kit'

/** The built site, as a host serves it: compressed, with a page for each folder. */
export interface ServedSite extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly origin: string
  /** The paths of all pages, such as `/guides/clients/`. */
  readonly pages: readonly string[]
}

const folder = path.resolve(import.meta.dirname, '../../../apps/docs/build')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
}

/** Files of these types are compressed already, or nearly so. */
const incompressible = new Set([
  '.png',
  '.wasm',
  '.pagefind',
  '.pf_meta',
  '.pf_index',
  '.pf_fragment',
])

/** Serves the site on loopback. Build it first. */
export async function serveSite(): Promise<ServedSite> {
  const files = new Set((await readdir(folder, { recursive: true })).map(withSlashes))
  const compressed = new Map<string, Buffer>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://site')
    const name = fileOf(files, decodeURIComponent(pathname).slice(1))
    const file = name ?? '404.html'
    const type = types[path.extname(file)] ?? 'application/octet-stream'
    const headers = { 'content-type': type, 'cache-control': 'no-store' }
    const body = await readFile(path.join(folder, file))
    if (incompressible.has(path.extname(file))) {
      response.writeHead(name === undefined ? 404 : 200, headers).end(body)
      return
    }
    const small = compressed.get(file) ?? brotli(body)
    compressed.set(file, small)
    response
      .writeHead(name === undefined ? 404 : 200, { ...headers, 'content-encoding': 'br' })
      .end(small)
  }

  const server = await startServer(answer)
  return {
    origin: server.url,
    pages: [...files]
      .filter((file) => file === 'index.html' || file.endsWith('/index.html'))
      .map((file) => `/${file.slice(0, -'index.html'.length)}`)
      .toSorted(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function fileOf(files: ReadonlySet<string>, wanted: string): string | undefined {
  const candidates = [wanted, `${wanted.replace(/\/$/, '')}/index.html`.replace(/^\//, '')]
  return candidates.find((file) => files.has(file) && path.extname(file) !== '')
}

function brotli(body: Buffer): Buffer {
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
}

function withSlashes(file: string): string {
  return file.split(path.sep).join('/')
}
