import { startServer } from './server.ts'

/**
 * A protected resource that accepts every access token until the token is rejected, to test
 * authorization servers whose tokens cannot be verified here.
 */
export interface TrustingResource {
  /** URL and identifier of the resource. */
  readonly url: string
  /** Sets the authorization server, which must know the resource first. */
  protectedBy(issuer: string): void
  /** Rejects this token with 401 from now on, as if it had expired. */
  rejectToken(accessToken: string): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @param scope - The scope of its challenges and its metadata. */
export async function startTrustingResource(scope: string): Promise<TrustingResource> {
  const rejected = new Set<string>()
  let issuer = ''
  const server = await startServer((request, response) => {
    const json = { 'content-type': 'application/json' }
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      const metadata = { resource: url, authorization_servers: [issuer], scopes_supported: [scope] }
      response.writeHead(200, json).end(JSON.stringify(metadata))
      return
    }
    const token = /^Bearer (.+)$/u.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined || rejected.has(token)) {
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
    rejectToken(accessToken) {
      rejected.add(accessToken)
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
