import { listenOnLoopback } from './loopback.ts'

/**
 * A protected resource for servers that bring none. It believes every token until that one is given
 * up: what is tried here is the authorization server.
 */
export interface Resource {
  readonly url: string
  /** Names the authorization server; known only once that one knows the resource. */
  protectedBy(issuer: string): void
  /** Answers 401 to this token from now on, as if it had expired. */
  giveUp(accessToken: string): void
  close(): Promise<void>
}

export async function startResource(scope: string): Promise<Resource> {
  const { server, origin, close } = await listenOnLoopback()
  const url = `${origin}/mcp`
  const givenUp = new Set<string>()
  let issuer = ''
  server.on('request', (request, response) => {
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
  return {
    url,
    protectedBy(named) {
      issuer = named
    },
    giveUp(accessToken) {
      givenUp.add(accessToken)
    },
    close,
  }
}
