import { randomUUID } from 'node:crypto'
import type { Answer, Parameters } from './answers.ts'
import { json, oauthError } from './answers.ts'
import type { ScriptedAuthorizationServerOptions } from './scripted-server.ts'

/** A registered client. Without `redirectUris`, every redirect URI is accepted. */
export interface Client {
  readonly redirectUris: readonly string[] | undefined
  readonly clientSecret?: string | undefined
  /** The only scope that the client may request. */
  readonly scope?: string | undefined
  /** The grants that the client registered for. Default: all. */
  readonly grantTypes?: readonly string[] | undefined
}

/** The clients that the server knows. */
export interface ClientRegistry {
  find(clientId: string): Client | undefined
  /** Returns the ID of the client that the request authenticates. */
  authenticate(form: Parameters, authorization: string | undefined): string | undefined
  /** Answers a dynamic registration request. */
  register(body: unknown, nowEpochSeconds: number): Answer
  /** Adds a client that accepts every redirect URI, unless it is known. */
  ensure(clientId: string): void
  forget(clientId: string): void
  rotateSecret(clientId: string, clientSecret: string): void
}

export function createClientRegistry({
  clients: configured = [],
  clientIdMetadataDocuments = false,
  registeredScope,
  registeredSecrets,
}: Pick<
  ScriptedAuthorizationServerOptions,
  'clients' | 'clientIdMetadataDocuments' | 'registeredScope' | 'registeredSecrets'
>): ClientRegistry {
  const clients = new Map<string, Client>(
    configured.map(({ clientId, redirectUris, clientSecret }) => [
      clientId,
      { redirectUris, clientSecret },
    ]),
  )

  function find(clientId: string): Client | undefined {
    const isUrl = clientIdMetadataDocuments && URL.canParse(clientId)
    return clients.get(clientId) ?? (isUrl ? { redirectUris: undefined } : undefined)
  }

  return {
    find,
    authenticate(form, authorization) {
      const isFormOnly = registeredSecrets === 'form-only'
      const { clientId, clientSecret } = credentialsOf(form, isFormOnly ? undefined : authorization)
      const client = find(clientId)
      const isGenuine = client?.clientSecret === undefined || client.clientSecret === clientSecret
      return client !== undefined && isGenuine ? clientId : undefined
    },
    register(body, nowEpochSeconds) {
      const members = typeof body === 'object' && body !== null ? body : {}
      const redirectUris: unknown = 'redirect_uris' in members ? members.redirect_uris : undefined
      if (!Array.isArray(redirectUris) || !redirectUris.every((uri) => typeof uri === 'string')) {
        return oauthError('invalid_redirect_uri')
      }
      const clientId = `client-${randomUUID()}`
      const named = 'scope' in members ? String(members.scope) : undefined
      const scope = registeredScope && (named ?? registeredScope.default)
      const clientSecret = registeredSecrets && randomUUID()
      const grants: unknown = 'grant_types' in members ? members.grant_types : undefined
      const grantTypes = Array.isArray(grants) ? grants.map(String) : ['authorization_code']
      clients.set(clientId, { redirectUris, scope, clientSecret, grantTypes })
      const registered = {
        grant_types: ['authorization_code'],
        response_types: ['code'],
        ...members,
        ...(clientSecret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { token_endpoint_auth_method: undefined, client_secret: clientSecret }),
        ...(scope === undefined ? {} : { scope: registeredScope?.isReturned ? scope : undefined }),
        client_id: clientId,
        client_id_issued_at: Math.floor(nowEpochSeconds),
      }
      return json(201, registered, 'registered')
    },
    ensure(clientId) {
      if (!clients.has(clientId)) clients.set(clientId, { redirectUris: undefined })
    },
    forget(clientId) {
      clients.delete(clientId)
    },
    rotateSecret(clientId, clientSecret) {
      clients.set(clientId, { redirectUris: clients.get(clientId)?.redirectUris, clientSecret })
    },
  }
}

export function acceptsRedirect(client: Client, redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false
  if (client.redirectUris === undefined) return true
  return client.redirectUris.some(
    (registered) => registered === redirectUri || differsOnlyInPort(registered, redirectUri),
  )
}

/** RFC 8252 §7.3: the client chooses the port of a loopback redirect URI per request. */
function differsOnlyInPort(registered: string, redirectUri: string): boolean {
  const [a, b] = [new URL(registered), new URL(redirectUri)]
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(a.hostname)) return false
  a.port = ''
  b.port = ''
  return a.href === b.href
}

/** RFC 6749 §2.3.1: HTTP Basic with both parts form-encoded, otherwise members of the form. */
function credentialsOf(
  form: Parameters,
  authorization: string | undefined,
): { readonly clientId: string; readonly clientSecret: string | undefined } {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) {
    return { clientId: form['client_id'] ?? '', clientSecret: form['client_secret'] }
  }
  const [clientId = '', clientSecret = ''] = Buffer.from(basic, 'base64')
    .toString('utf8')
    .split(':')
    .map((part) => new URLSearchParams(`=${part}`).get('') ?? '')
  return { clientId, clientSecret }
}
