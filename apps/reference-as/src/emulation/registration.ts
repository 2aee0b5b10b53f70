import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { remember } from './access-type.ts'
import type { Emulation } from './emulation.ts'

/** What emulated products do with registrations. */
export interface EmulatedRegistrations {
  /** Attach it before the engine's routes. */
  attach(provider: Provider): void
  /** @throws `errors.InvalidScope` for a scope that the client did not register. */
  assertScope(ctx: KoaContextWithOIDC): void
}

/**
 * Refuses every registration, or limits clients that registered without `scope` to the default scope.
 * The clients are kept in memory: an emulation is one server for trials.
 */
export function createEmulatedRegistrations(
  { registration, refusesRegistration, registeredScope }: Emulation,
  defaultScopes: readonly string[],
): EmulatedRegistrations {
  const limited = new Set<string>()

  return {
    attach(provider) {
      provider.use(async (ctx, next) => {
        const isRegistration =
          registration && ctx.method === 'POST' && ctx.path === provider.pathFor('registration')
        if (isRegistration && refusesRegistration) {
          ctx.status = 403
          ctx.body = {
            error: 'insufficient_scope',
            error_description: 'this server registers clients of trusted hosts only',
          }
          return
        }
        await next()
        if (!isRegistration || registeredScope === 'any' || ctx.status !== 201) return
        const registered: unknown = ctx.body
        const oidc: unknown = Reflect.get(ctx, 'oidc')
        const requested: unknown = Reflect.get(Object(Reflect.get(Object(oidc), 'body')), 'scope')
        if (typeof requested === 'string' || typeof registered !== 'object') return
        remember(limited, String(Reflect.get(Object(registered), 'client_id')))
        ctx.body = { ...registered, scope: defaultScopes.join(' ') }
      })
    },
    assertScope(ctx) {
      const { client } = ctx.oidc
      if (client === undefined || !limited.has(client.clientId)) return
      const { scope } = ctx.query
      const asked = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []
      const other = asked.find((one) => !defaultScopes.includes(one))
      if (other !== undefined) {
        throw new errors.InvalidScope('the client is not allowed to request this scope', other)
      }
    },
  }
}
