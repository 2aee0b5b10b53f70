import { Provider } from 'oidc-provider'
import { AuthorizationServerError } from '../lib/errors.ts'

/**
 * Makes the ID of a rotated refresh token the successor of the presented one. In this engine a
 * token's ID is its value, and each provider has its own model classes.
 *
 * @throws {@link AuthorizationServerError} `ENGINE_NOT_SUPPORTED`
 */
export function overrideTokenId(
  provider: Provider,
  deriveSuccessor: (refreshToken: string) => string,
): void {
  const prototype: object = provider.RefreshToken.prototype
  const generateTokenId: unknown = Reflect.get(prototype, 'generateTokenId')
  if (typeof generateTokenId !== 'function') {
    throw new AuthorizationServerError(
      'ENGINE_NOT_SUPPORTED',
      'Cannot attach to oidc-provider: its RefreshToken models have no generateTokenId() ' +
        '(expected, as in 9.x). Install a version in the peer range of this package.',
    )
  }
  Object.defineProperty(prototype, 'generateTokenId', {
    configurable: true,
    writable: true,
    value(this: unknown): unknown {
      const rotated = Provider.ctx?.oidc.entities.RotatedRefreshToken
      return rotated === undefined
        ? Reflect.apply(generateTokenId, this, [])
        : deriveSuccessor(rotated.jti)
    },
  })
}

/**
 * Under some policies a client can get a refresh token without having declared the grant type. It
 * must then be able to use it. The registered metadata stays as declared, for the policy to read.
 */
export function allowRefreshGrant(provider: Provider): void {
  provider.Client.prototype.grantTypeAllowed = function grantTypeAllowed(type) {
    return type === 'refresh_token' || this.grantTypes?.includes(type) === true
  }
}

/**
 * The engine drops `offline_access` unless the request has `prompt=consent`. The binding requires a
 * consent page on every authorization, so it completes the request instead.
 */
export function keepOfflineAccess(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (ctx.method === 'GET' && ctx.path === provider.pathFor('authorization')) {
      const { scope, prompt } = ctx.query
      const prompts = typeof prompt === 'string' ? prompt.split(' ').filter(Boolean) : []
      const asksOffline = typeof scope === 'string' && scope.split(' ').includes('offline_access')
      if (
        asksOffline &&
        !Array.isArray(prompt) &&
        !prompts.some((p) => /^(none|consent)$/.test(p))
      ) {
        ctx.query = { ...ctx.query, prompt: [...prompts, 'consent'].join(' ') }
      }
    }
    await next()
  })
}
