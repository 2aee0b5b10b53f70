import { hash } from 'node:crypto'
import { isLocalRedirectUri } from '@evergrant/authorization-server'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { ServerSettings } from '../settings/options.ts'

/** The model under which consented redirect URIs are stored; the engine has none of this name. */
const model = 'TrustedRedirect'

/** Where errors may be sent before a user has seen a page of this server. */
export interface RedirectTrust {
  /** Notes that a user consented to answers for a client that go there. */
  note(clientId: string, redirectUri: string): Promise<void>
  /** Has errors that may not be sent to a redirect URI shown on a page. */
  guard(provider: Provider): void
}

/** An error of the authorization endpoint, as the engine's events report it. */
type AuthorizationError = Error | errors.OIDCProviderError

/**
 * Decides where errors may be redirected. An attacker can register a client and link to the
 * authorization endpoint with a request that must fail. If the error were redirected, a link to this
 * server would lead to a phishing page: an open redirector (RFC 9700 §4.11.2). So an error that comes
 * before any page is redirected only to a configured client, to the user's own machine, and to a
 * redirect URI that a user has consented to for this client. All others are shown on a page. After a
 * page of this server, which says where the answer goes, the client gets errors as usual.
 *
 * @param show - Answers with a page about the error.
 */
export function createRedirectTrust(
  settings: ServerSettings,
  artifacts: ArtifactStore,
  show: (ctx: KoaContextWithOIDC, error: AuthorizationError) => void,
): RedirectTrust {
  // Client identifiers and redirect URIs are too long together for some databases' keys.
  const idOf = (clientId: string, redirectUri: string) =>
    hash('sha256', JSON.stringify([clientId, redirectUri]), 'base64url')

  async function isTrusted(clientId: string, redirectUri: string): Promise<boolean> {
    if (settings.clients.some((one) => one.client_id === clientId)) return true
    if (isLocalRedirectUri(redirectUri)) return true
    return (await artifacts.find(model, idOf(clientId, redirectUri))) !== undefined
  }

  return {
    async note(clientId, redirectUri) {
      if (isLocalRedirectUri(redirectUri)) return
      const now = Math.floor(Date.now() / 1000)
      await artifacts.put(model, idOf(clientId, redirectUri), {
        payload: {},
        expiresAtEpochSeconds: now + settings.lifetimes.absoluteSeconds,
      })
    },
    guard(provider) {
      const failed = new WeakMap<object, readonly [KoaContextWithOIDC, AuthorizationError]>()
      const note = (ctx: KoaContextWithOIDC, error: AuthorizationError) => {
        // The route that resumes an authorization comes after a page.
        if (ctx.oidc.route === 'authorization') failed.set(ctx, [ctx, error])
      }
      provider.on('authorization.error', note)
      provider.on('server_error', note)
      provider.use(async (koa, next) => {
        await next()
        const [ctx, error] = failed.get(koa) ?? []
        if (ctx === undefined || error === undefined || ctx.oidc.client === undefined) return
        const redirectUri: unknown = ctx.oidc.params?.['redirect_uri'] ?? ctx.query['redirect_uri']
        const { clientId } = ctx.oidc.client
        if (typeof redirectUri === 'string' && (await isTrusted(clientId, redirectUri))) return
        ctx.remove('location')
        ctx.status = 400
        show(ctx, error)
      })
    },
  }
}
