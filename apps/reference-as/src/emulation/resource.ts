import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ServerSettings } from '../settings/options.ts'
import type { ResourceRegistry } from '../resources.ts'

/**
 * Settles what an authorization is for where the product does not go by `resource`: what was asked
 * for, if this server knows it, or else the first of the list. The product would take what it is
 * configured for, and whoever tries the profile has configured nothing but the list.
 */
export function settleResource(
  ctx: KoaContextWithOIDC,
  settings: ServerSettings,
  registry: ResourceRegistry,
): void {
  const { params, provider, resourceServers, requestParamScopes } = ctx.oidc
  if (settings.emulation.resource === 'honoured') return
  if (params === undefined || resourceServers === undefined) return
  const resource = [...requestedResources(ctx), ...settings.resources].find(
    (one) => URL.parse(one)?.hash === '' && registry.audienceOf(one) !== undefined,
  )
  const audience = resource === undefined ? undefined : registry.audienceOf(resource)
  if (resource === undefined || audience === undefined) return

  for (const other of Object.keys(resourceServers)) delete resourceServers[other]
  const scope = settings.resourceScopes.join(' ')
  resourceServers[resource] = new provider.ResourceServer(resource, { audience, scope })
  params['resource'] = resource
  // The engine saw no resource, and took its scopes out of the request.
  const asked = typeof ctx.query['scope'] === 'string' ? ctx.query['scope'].split(' ') : []
  const kept = asked.filter((one) => one !== 'offline_access' || requestParamScopes.has(one))
  params['scope'] = kept.join(' ') || undefined
}

/** As the client sent them: the engine's copy of the request has none. */
function requestedResources(ctx: KoaContextWithOIDC): readonly string[] {
  return URL.parse(ctx.originalUrl, ctx.oidc.issuer)?.searchParams.getAll('resource') ?? []
}
