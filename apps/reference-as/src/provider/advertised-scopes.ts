import { authorizationServerScopes } from '@evergrant/authorization-server'
import type { Provider } from 'oidc-provider'
import type { ServerSettings } from '../settings/server-settings.ts'

/**
 * Adds the scopes of resources to the metadata. In its own configuration, the engine would treat them
 * as OpenID Connect scopes.
 */
export function advertiseScopes(provider: Provider, settings: ServerSettings): void {
  const scopes = advertisedScopes(settings)
  provider.use(async (ctx, next) => {
    await next()
    const body: unknown = ctx.body
    if (!ctx.path.startsWith('/.well-known/') || typeof body !== 'object' || body === null) return
    if ('scopes_supported' in body) body.scopes_supported = scopes
  })
}

function advertisedScopes({
  emulation,
  policy,
  resourceScopes,
}: ServerSettings): readonly string[] {
  const scopes = authorizationServerScopes(['openid', ...resourceScopes], policy)
  if (emulation.offlineAccess === 'by-policy') return scopes
  const others = scopes.filter((scope) => scope !== 'offline_access')
  return emulation.offlineAccess === 'listed' ? [...others, 'offline_access'] : others
}
