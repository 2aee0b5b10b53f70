import { grantLifetime, refreshTokenId } from '@evergrant/authorization-server'
import type { RefreshTokenBinding } from '@evergrant/authorization-server/oidc-provider'
import type { JWKS, Provider } from 'oidc-provider'
import { nowEpochSeconds } from '../lib/clock.ts'
import { accessTokenSeconds } from '../provider/access-token-lifetime.ts'
import { demoAccountId } from '../provider/demo.ts'
import type { ResourceRegistry } from '../provider/resources.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { Store } from '../store/store.ts'
import { accessTokenWriter } from './access-token.ts'
import { createPlainClients } from './plain-clients.ts'
import type { PlainForm } from './plain-form.ts'
import { grantedScope, plainToken } from './plain-token.ts'

/** The body of a token response. `undefined`: nothing was written, and the engine must answer. */
export type DirectRefresh = (form: PlainForm) => Promise<object | undefined>

export interface DirectRefreshDependencies {
  readonly issuer: string
  readonly provider: Provider
  readonly binding: Pick<RefreshTokenBinding, 'exchange'>
  readonly store: Pick<Store, 'findForRefresh'>
  readonly settings: ServerSettings
  readonly resources: ResourceRegistry
  readonly signingKeys: JWKS
}

/**
 * Answers the refresh of a public client without the engine, when it succeeds (ADR 18). Everything
 * else is left to the engine: every refusal, every token that is not live, and every token or client
 * with a property that this function does not know.
 *
 * @returns `undefined` when the settings change what the engine answers.
 */
export function createDirectRefresh(
  dependencies: DirectRefreshDependencies,
): DirectRefresh | undefined {
  const { binding, store, settings, resources } = dependencies
  const writeAccessToken = accessTokenWriter(dependencies.issuer, dependencies.signingKeys)
  if (writeAccessToken === undefined) return undefined
  if (settings.emulatedServer !== undefined || settings.policy === 'never') return undefined
  const isPlainClient = createPlainClients(dependencies.provider)

  return async ({ clientId, refreshToken, resource }) => {
    const read = await store.findForRefresh(clientId, refreshTokenId(refreshToken))
    const { client, refreshToken: record, grant } = read
    const now = nowEpochSeconds()
    if (client === undefined || record === undefined || grant === undefined) return undefined
    const token = plainToken(record, clientId)
    if (token === undefined || token.resource !== (resource ?? token.resource)) return undefined
    if ((client.expiresAtEpochSeconds ?? Number.POSITIVE_INFINITY) <= now) return undefined
    if (!(await isPlainClient(clientId, client))) return undefined
    const { accountId } = token
    const isDemo = settings.demo && accountId === demoAccountId
    if (!isDemo && read.account?.id !== accountId) return undefined
    const scope = grantedScope(grant, token, settings, now)
    const audience = resources.audienceOf(token.resource)
    if (scope === '' || audience === undefined) return undefined
    const { authorization_expires_in: authorizationSeconds } = grantLifetime(record, now)
    const expiresIn = accessTokenSeconds(settings, authorizationSeconds)
    const accessToken = await writeAccessToken({
      sub: accountId,
      iat: now,
      exp: now + expiresIn,
      scope,
      client_id: clientId,
      aud: audience,
    })
    const exchanged = await binding.exchange(refreshToken, record)
    if (exchanged === undefined) return undefined
    return {
      access_token: accessToken,
      expires_in: expiresIn,
      refresh_token: exchanged.refreshToken,
      scope,
      token_type: 'Bearer',
      ...exchanged.lifetime,
    }
  }
}
