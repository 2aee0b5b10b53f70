import { errors } from 'oidc-provider'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'

type Features = NonNullable<Configuration['features']>

/** The part of `features.resourceIndicators` that decides which resource a refresh is for. */
export type ResourceIndicatorFunctions = Pick<
  NonNullable<Features['resourceIndicators']>,
  'defaultResource' | 'getResourceServerInfo' | 'useGrantedResource'
>

/**
 * Refuses a refresh for its resource as the engine will. The engine checks only after it has spent
 * the token. Without `functions`, only a resource that the request names is checked.
 *
 * @throws `errors.InvalidTarget` of oidc-provider, or what `getResourceServerInfo` throws
 */
export async function assertResource(
  ctx: KoaContextWithOIDC,
  functions: ResourceIndicatorFunctions = {},
): Promise<void> {
  const { client, entities } = ctx.oidc
  const { RefreshToken: token } = entities
  if (client === undefined || token === undefined) return
  const candidates = namedResource(ctx) ?? (await grantedResource(ctx, functions))
  const resource =
    Array.isArray(candidates) && functions.defaultResource !== undefined
      ? await functions.defaultResource(ctx, client, candidates)
      : candidates
  if (resource === undefined || resource === '') return
  if (typeof resource !== 'string' || !token.resourceIndicators.has(resource)) {
    throw new errors.InvalidTarget()
  }
  await functions.getResourceServerInfo?.(ctx, resource, client)
}

function namedResource({ oidc }: KoaContextWithOIDC): string | string[] | undefined {
  const named: unknown = oidc.params?.['resource']
  if (Array.isArray(named)) return named.map(String)
  return typeof named === 'string' && named !== '' ? named : undefined
}

async function grantedResource(
  ctx: KoaContextWithOIDC,
  { useGrantedResource, getResourceServerInfo }: ResourceIndicatorFunctions,
): Promise<string | string[] | undefined> {
  const { entities, params, requestParamScopes } = ctx.oidc
  const { RefreshToken: token } = entities
  if (getResourceServerInfo === undefined || token?.resource === undefined) return undefined
  if (token.resource.length === 0) return undefined
  if ((await useGrantedResource?.(ctx, token)) === true) return token.resource
  // With `openid`, the access token is then for userinfo and has no resource.
  const scopes = params?.['scope'] === undefined ? token.scopes : requestParamScopes
  return scopes.has('openid') ? undefined : token.resource
}
