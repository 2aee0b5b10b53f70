import type { ClientContext } from './client.ts'
import { preregisteredClientId } from '../server/authorization-server.ts'
import type { Life } from '../world/machine.ts'

/** Tokens as the SDKs save them. */
export interface SavedTokens {
  readonly access_token: string
  readonly refresh_token?: string | undefined
  readonly scope?: string | undefined
}

/** The file that all processes of an SDK client share. */
export interface TokenFile<ClientInformation, Tokens extends SavedTokens> {
  client: ClientInformation | undefined
  tokens: Tokens | undefined
}

/**
 * What the SDKs ask their application for, as their examples write it, over a file: everything that the
 * SDK saves is given back unchanged, and what it invalidates is removed.
 *
 * @param scope - What the application itself requests. Default: nothing.
 */
export function fileProvider<ClientInformation, Tokens extends SavedTokens>(
  file: TokenFile<ClientInformation, Tokens>,
  scope: string | undefined,
  redirected: (authorizationUrl: URL) => void,
) {
  let verifier = ''
  return {
    redirectUrl: 'http://127.0.0.1:8090/callback',
    clientMetadata: {
      client_name: 'Simulated host',
      redirect_uris: ['http://127.0.0.1:8090/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...(scope === undefined ? {} : { scope }),
    },
    clientInformation: () => file.client,
    saveClientInformation(client: ClientInformation) {
      file.client = client
    },
    tokens: (): Tokens | undefined | Promise<Tokens | undefined> => file.tokens,
    saveTokens(tokens: Tokens) {
      file.tokens = tokens
    },
    redirectToAuthorization: redirected,
    saveCodeVerifier(saved: string) {
      verifier = saved
    },
    codeVerifier: () => verifier,
    invalidateCredentials(what: string) {
      if (what === 'all' || what === 'tokens') file.tokens = undefined
      if (what === 'all' || what === 'client') file.client = undefined
    },
  }
}

/** The client of an operator, at products without registration. */
export function preregistered({ world }: ClientContext): { client_id: string } | undefined {
  return world.as.registersClients ? undefined : { client_id: preregisteredClientId }
}

/** A page that a process of an SDK client has opened and waits for. */
export interface OpenPage {
  readonly redirect: Promise<URL>
}

/** Opens the page of a process. */
export function openPage({ user }: ClientContext, life: Life, authorizationUrl: URL): OpenPage {
  return {
    redirect: new Promise((resolve) => {
      user.open(life, authorizationUrl.href, resolve)
    }),
  }
}
