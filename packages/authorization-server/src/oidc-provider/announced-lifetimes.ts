import type { Provider } from 'oidc-provider'
import { refreshTokenExpirationTypes } from '../rotation/grant-lifetime.ts'
import type { GrantLifetime } from '../rotation/grant-lifetime.ts'

/**
 * Tells clients how long their grants last: in token responses, in the introspection of a
 * refresh token, and in the metadata.
 *
 * @param lifetimeOf - The lifetime of the refresh token that a request issued, presented or
 *   introspected; `undefined` without such a token.
 * @see draft-ietf-oauth-refresh-token-expiration-03
 */
export function announceLifetimes(
  provider: Provider,
  lifetimeOf: (context: object) => GrantLifetime | undefined,
): void {
  provider.use(async (ctx, next) => {
    await next()
    const body: unknown = ctx.body
    if (!isMembers(body)) return
    if (ctx.path.startsWith('/.well-known/')) {
      if ('token_endpoint' in body) {
        body['refresh_token_expiration_types_supported'] = refreshTokenExpirationTypes
      }
      return
    }
    const isTokenResponse = ctx.path === provider.pathFor('token') && 'access_token' in body
    if (isTokenResponse || body['active'] === true) Object.assign(body, lifetimeOf(ctx))
  })
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
