import { hash } from 'node:crypto'
import { isLocalRedirectUri } from '@evergrant/authorization-server'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { ServerSettings } from './options.ts'

/** What a redirect URI that a user consented to is filed under; the engine has no such model. */
const model = 'TrustedRedirect'

/** Where errors may be sent before a user has seen a page of this server. */
export interface RedirectTrust {
  /** Notes that a user let the answer for a client go there. */
  note(clientId: string, redirectUri: string): Promise<void>
  /** Has errors that may not be sent to a redirect URI shown on a page. */
  guard(provider: Provider): void
}

/** An error of the authorization endpoint, as the engine's events report it. */
type AuthorizationError = Error | errors.OIDCProviderError

/**
 * Anybody can register a client and link to the authorization endpoint with a mistake in the
 * request: redirecting the error would make this server an open redirector, which lends its name to
 * a phishing page (RFC 9700 §4.11.2). So errors that come before any page go to redirect URIs of
 * configured clients, to the user's own machine, and to where a user has let an answer go before.
 * All others are shown. After a page of this server, which says where the answer goes, errors are
 * redirected as ever.
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
        // The other route of these events goes on after a page.
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
