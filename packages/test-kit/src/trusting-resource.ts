import { startServer } from './server.ts'

/**
 * A protected resource that believes every access token until that one is given up: for trials of
 * authorization servers whose tokens nobody here can verify.
 */
export interface TrustingResource {
  /** The resource identifier, which is also where it answers. */
  readonly url: string
  /** Names the authorization server; known only once that one knows the resource. */
  protectedBy(issuer: string): void
  /** Answers 401 to this token from now on, as if it had expired. */
  giveUp(accessToken: string): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @param scope - What its challenges and its metadata ask for. */
export async function startTrustingResource(scope: string): Promise<TrustingResource> {
  const givenUp = new Set<string>()
  let issuer = ''
  const server = await startServer((request, response) => {
    const json = { 'content-type': 'application/json' }
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      const metadata = { resource: url, authorization_servers: [issuer], scopes_supported: [scope] }
      response.writeHead(200, json).end(JSON.stringify(metadata))
      return
    }
    const token = /^Bearer (.+)$/u.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || givenUp.has(token)) {
      response.writeHead(401, { 'www-authenticate': `Bearer scope="${scope}"` }).end()
    } else {
      response.writeHead(200, json).end('{}')
    }
  })
  const url = `${server.url}/mcp`
  return {
    url,
    protectedBy(named) {
      issuer = named
    },
    giveUp(accessToken) {
      givenUp.add(accessToken)
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
