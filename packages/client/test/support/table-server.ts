import { startServer } from '@evergrant/test-kit'

/** What a path answers: status, body, and headers. */
export type TableAnswer = readonly [
  status: number,
  body: string,
  headers?: Readonly<Record<string, string>>,
]

/** A server that answers each path from a table, otherwise with 404, and records the paths. */
export interface TableServer extends AsyncDisposable {
  readonly origin: string
  readonly paths: readonly string[]
}

export async function tableServer(
  table: (origin: string) => Readonly<Record<string, TableAnswer>>,
): Promise<TableServer> {
  const paths: string[] = []
  const server = await startServer((request, response) => {
    const path = request.url ?? ''
    paths.push(path)
    const [status, body, headers] = table(server.url)[path] ?? [404, 'not found']
    response.writeHead(status, {
      'content-type': body.startsWith('<') ? 'text/html' : 'application/json',
      ...headers,
    })
    response.end(body)
  })
  return { origin: server.url, paths, [Symbol.asyncDispose]: () => server.close() }
}

export const resourceWellKnown = '/.well-known/oauth-protected-resource'
export const serverWellKnown = '/.well-known/oauth-authorization-server'
export const openIdWellKnown = '/.well-known/openid-configuration'

/** Authorization server metadata with this issuer, and with endpoints at `origin`. */
export function serverDocument(issuer: string, origin: string = issuer): string {
  return JSON.stringify({
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    code_challenge_methods_supported: ['S256'],
  })
}
