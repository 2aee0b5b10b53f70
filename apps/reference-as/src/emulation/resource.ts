import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ResourceRegistry } from '../provider/resources.ts'
import type { ServerSettings } from '../settings/server-settings.ts'

/**
 * Chooses the resource of an authorization when the emulated product does not honor `resource`: the
 * requested resource if this server knows it, otherwise the first of the list. The product itself
 * would use its own configuration, and the list is the only configuration that this server has.
 */
export function settleResource(
  ctx: KoaContextWithOIDC,
  settings: ServerSettings,
  registry: ResourceRegistry,
): void {
  const { params, provider, resourceServers, requestParamScopes } = ctx.oidc
  if (settings.emulation.resource === 'honored') return
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
  // The engine saw no resource and removed its scopes from the request.
  const asked = typeof ctx.query['scope'] === 'string' ? ctx.query['scope'].split(' ') : []
  const kept = asked.filter((one) => one !== 'offline_access' || requestParamScopes.has(one))
  params['scope'] = kept.join(' ') || undefined
}

/** From the original URL: the engine's copy of the request has none. */
function requestedResources(ctx: KoaContextWithOIDC): readonly string[] {
  return URL.parse(ctx.originalUrl, ctx.oidc.issuer)?.searchParams.getAll('resource') ?? []
}
