import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider'

/** Authorizations that asked for `access_type=offline`, until their code is redeemed. */
export interface AccessTypes {
  /** Watches authorizations. Kept in memory: what is emulated is one server, tried by hand. */
  observe(provider: Provider): void
  /** Lets only those codes bring a refresh token. */
  issuing(
    issue: NonNullable<Configuration['issueRefreshToken']>,
  ): NonNullable<Configuration['issueRefreshToken']>
}

/** Emulates a server that gives a refresh token with the first consent, or with `prompt=consent`. */
export function createAccessTypes(): AccessTypes {
  const offlineGrants = new Set<string>()
  const consented = new Set<string>()

  function noteAuthorization(ctx: KoaContextWithOIDC): void {
    const { params, client, account, entities } = ctx.oidc
    const grantId = entities.Grant?.jti ?? entities.AuthorizationCode?.grantId
    const pair = `${account?.accountId ?? ''} ${client?.clientId ?? ''}`
    const isFirst = !consented.has(pair)
    consented.add(pair)
    const prompts = typeof params?.['prompt'] === 'string' ? params['prompt'].split(' ') : []
    const asked = params?.['access_type'] === 'offline'
    if (asked && grantId !== undefined && (isFirst || prompts.includes('consent'))) {
      offlineGrants.add(grantId)
    }
  }

  return {
    observe(provider) {
      provider.on('authorization.success', noteAuthorization)
    },
    issuing: (issue) => async (ctx, client, source) =>
      source.grantId !== undefined &&
      offlineGrants.delete(source.grantId) &&
      (await issue(ctx, client, source)),
  }
}
