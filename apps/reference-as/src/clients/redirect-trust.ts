import { hash } from 'node:crypto'
import { isLocalRedirectUri } from '@evergrant/authorization-server'
import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { nowEpochSeconds } from '../lib/clock.ts'
import type { ServerSettings } from '../settings/server-settings.ts'

/** The model of stored redirect URIs with consent. The engine has no model of this name. */
const model = 'TrustedRedirect'

/** Where errors may be redirected before the user has seen a page of this server. */
export interface RedirectTrust {
  /** Records that a user consented to responses for a client that go there. */
  note(clientId: string, redirectUri: string): Promise<void>
  /** Shows errors on a page when they may not be sent to the redirect URI. */
  guard(provider: Provider): void
}

/** An error of the authorization endpoint, as the engine's events report it. */
type AuthorizationError = Error | errors.OIDCProviderError

/**
 * Decides where errors may be redirected. An attacker can register a client and link to the
 * authorization endpoint with a request that must fail. If the error were redirected, a link to this
 * server would lead to a phishing page: an open redirector (RFC 9700 §4.11.2). So an error before any
 * page is redirected only to a configured client, to the user's own machine, and to a redirect URI
 * that a user has consented to for this client. Other errors are shown on a page. After a page of this
 * server, which says where the response goes, the client gets errors as usual.
 *
 * @param show - Answers with a page about the error.
 */
export function createRedirectTrust(
  settings: ServerSettings,
  artifacts: ArtifactStore,
  show: (ctx: KoaContextWithOIDC, error: AuthorizationError) => void,
): RedirectTrust {
  // Together, client identifiers and redirect URIs are too long for the keys of some databases.
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
      await artifacts.put(model, idOf(clientId, redirectUri), {
        payload: {},
        expiresAtEpochSeconds: nowEpochSeconds() + settings.lifetimes.absoluteSeconds,
      })
    },
    guard(provider) {
      const failed = new WeakMap<object, readonly [KoaContextWithOIDC, AuthorizationError]>()
      const note = (ctx: KoaContextWithOIDC, error: AuthorizationError) => {
        // The route that resumes an authorization follows a page.
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
