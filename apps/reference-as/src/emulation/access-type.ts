import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider'

/** Authorizations with `access_type=offline`, until their code is redeemed. */
export interface AccessTypes {
  /** Observes authorizations. Kept in memory: an emulation is one server for trials. */
  observe(provider: Provider): void
  /** Issues refresh tokens for those codes only. */
  issuing(
    issue: NonNullable<Configuration['issueRefreshToken']>,
  ): NonNullable<Configuration['issueRefreshToken']>
}

/** Emulates a server that issues a refresh token on the first consent, or with `prompt=consent`. */
export function createAccessTypes(): AccessTypes {
  // Both sets are bounded, because the demo has no rate limits and codes may stay unredeemed.
  const offlineGrants = new Set<string>()
  const consented = new Set<string>()

  function noteAuthorization(ctx: KoaContextWithOIDC): void {
    const { params, client, account, entities } = ctx.oidc
    const grantId = entities.Grant?.jti ?? entities.AuthorizationCode?.grantId
    const pair = `${account?.accountId ?? ''} ${client?.clientId ?? ''}`
    const isFirst = !consented.has(pair)
    remember(consented, pair)
    const prompts = typeof params?.['prompt'] === 'string' ? params['prompt'].split(' ') : []
    const asked = params?.['access_type'] === 'offline'
    if (asked && grantId !== undefined && (isFirst || prompts.includes('consent'))) {
      remember(offlineGrants, grantId)
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

const mostRemembered = 10_000

/** Adds to a set, and removes the oldest entry when there are more than `most`. */
export function remember(values: Set<string>, value: string, most: number = mostRemembered): void {
  values.delete(value)
  values.add(value)
  const [oldest] = values
  if (values.size > most && oldest !== undefined) values.delete(oldest)
}
