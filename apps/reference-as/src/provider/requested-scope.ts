import { errors } from 'oidc-provider'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import type { ServerSettings } from '../settings/server-settings.ts'

/** Fills in the default scope of a request without a usable one (RFC 6749 §3.3), or refuses it. */
export function completeScope(ctx: KoaContextWithOIDC, settings: ServerSettings): void {
  const { params } = ctx.oidc
  if (params === undefined) return
  const requested = [...ctx.oidc.requestParamScopes].filter(Boolean)
  const hasResource = Object.keys(ctx.oidc.resourceServers ?? {}).length > 0
  // Without a resource, the engine has already removed resource scopes from its copy.
  const sent = ctx.query['scope'] ?? ctx.oidc.body?.['scope']
  const asked = typeof sent === 'string' ? sent.split(' ') : []
  if (!hasResource && asked.some((scope) => settings.resourceScopes.includes(scope))) {
    throw new errors.InvalidTarget('these scopes require a resource parameter (RFC 8707)')
  }
  const known = hasResource ? ['openid', ...settings.resourceScopes] : ['openid']
  if (requested.some((scope) => known.includes(scope))) return
  const unknown = requested.filter((scope) => scope !== 'offline_access')
  if (unknown.length > 0) {
    throw new errors.InvalidScope('none of the requested scopes is supported', unknown.join(' '))
  }
  const defaults = hasResource ? settings.defaultScopes : ['openid']
  params['scope'] = [...defaults, ...requested].join(' ')
}

/** Adds everything that the authorization request asks for, and that this server knows, to a grant. */
export function addRequested(
  grant: Grant,
  scopes: readonly string[],
  resources: readonly string[],
  resourceScopes: readonly string[],
): void {
  const own = scopes.filter((scope) => scope === 'openid' || scope === 'offline_access')
  if (own.length > 0) grant.addOIDCScope(own)
  const asked = scopes.filter((scope) => resourceScopes.includes(scope))
  for (const resource of resources) {
    if (asked.length > 0) grant.addResourceScope(resource, asked)
  }
}
