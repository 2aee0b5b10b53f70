import type { AccessTokenRequest } from '../access-tokens.ts'
import type { GrantStore, GrantView } from '../grants.ts'
import type { Answer, Parameters } from './answers.ts'
import { json, oauthError } from './answers.ts'
import type { AuthorizationCodes } from './authorization-codes.ts'
import type { ClientRegistry } from './clients.ts'
import type { DeviceCodes } from './device-codes.ts'
import { deviceGrantType } from './device-codes.ts'
import type { ScopePolicy } from './scope-policy.ts'
import { splitScope } from './scope-policy.ts'
import type { ScriptedAuthorizationServerOptions } from './scripted-server.ts'

/** Which tokens the endpoint issues. */
export interface TokenPolicy {
  readonly lifetimeSeconds: number
  readonly issueRefreshTokens: NonNullable<ScriptedAuthorizationServerOptions['issueRefreshTokens']>
  signAccessToken(request: AccessTokenRequest): Promise<string>
  nowEpochSeconds(): number
}

/** The token and the revocation endpoint. */
export interface TokenEndpoint {
  token(form: Parameters, authorization: string | undefined): Promise<Answer>
  revoke(form: Parameters, authorization: string | undefined): Answer
  /** Issues the first refresh token of a grant, if the policy allows it. */
  firstRefreshToken(grant: GrantView): string | undefined
}

export function createTokenEndpoint(
  clients: ClientRegistry,
  codes: AuthorizationCodes,
  devices: DeviceCodes,
  scopes: ScopePolicy,
  grants: GrantStore,
  policy: TokenPolicy,
): TokenEndpoint {
  function firstRefreshToken(grant: GrantView): string | undefined {
    if (policy.issueRefreshTokens === 'never') return undefined
    const offline = splitScope(grant.scope).includes('offline_access')
    if (policy.issueRefreshTokens === 'offline_access' && !offline) return undefined
    return grants.issueRefreshToken(grant.id)
  }

  async function redeem(form: Parameters, clientId: string): Promise<Answer> {
    const granted = codes.redeem(form, clientId)
    if (typeof granted === 'string') return oauthError(granted)
    const grant = grants.create({ clientId, ...granted })
    return await tokenResponse(grant, grant.scope, firstRefreshToken(grant), 'issued')
  }

  async function redeemDevice(form: Parameters, clientId: string): Promise<Answer> {
    const granted = devices.redeem(form, clientId)
    if (typeof granted === 'string') return oauthError(granted)
    const grant = grants.create({ clientId, ...granted })
    return await tokenResponse(grant, grant.scope, firstRefreshToken(grant), 'issued')
  }

  async function issueToClient(form: Parameters, clientId: string): Promise<Answer> {
    // RFC 6749 §4.4: only confidential clients.
    if (clients.find(clientId)?.clientSecret === undefined) return oauthError('unauthorized_client')
    const scope = scopes.granted(form['scope'])
    const grant = grants.create({ clientId, scope, resource: form['resource'] })
    return await tokenResponse(grant, scope, undefined, 'issued')
  }

  async function refresh(form: Parameters, clientId: string): Promise<Answer> {
    const presented = form['refresh_token'] ?? ''
    const before = grants.grantOf(presented)
    const scope = form['scope'] ?? before?.scope ?? ''
    const granted = splitScope(before?.scope ?? '')
    if (before !== undefined && splitScope(scope).some((one) => !granted.includes(one))) {
      return oauthError('invalid_scope')
    }
    const { resource } = form
    if (before !== undefined && resource !== undefined && resource !== before.resource) {
      return oauthError('invalid_target')
    }
    const outcome = grants.refresh(presented, clientId, policy.nowEpochSeconds())
    if (outcome.kind !== 'refreshed' && outcome.kind !== 'replayed') {
      return { ...oauthError('invalid_grant'), outcome: outcome.kind }
    }
    return await tokenResponse(outcome.grant, scope, outcome.refreshToken, outcome.kind)
  }

  async function tokenResponse(
    grant: GrantView,
    scope: string,
    refreshToken: string | undefined,
    outcome: string,
  ): Promise<Answer> {
    const { resource, clientId } = grant
    const body = {
      access_token: await policy.signAccessToken({ scope, resource, clientId }),
      token_type: 'Bearer',
      expires_in: policy.lifetimeSeconds,
      refresh_token: refreshToken,
      scope,
    }
    return json(200, body, outcome)
  }

  return {
    firstRefreshToken,
    async token(form, authorization) {
      const clientId = clients.authenticate(form, authorization)
      if (clientId === undefined) return oauthError('invalid_client', 401)
      if (form['grant_type'] === 'authorization_code') return await redeem(form, clientId)
      if (form['grant_type'] === 'refresh_token') return await refresh(form, clientId)
      if (form['grant_type'] === deviceGrantType) return await redeemDevice(form, clientId)
      if (form['grant_type'] === 'client_credentials') return await issueToClient(form, clientId)
      return oauthError('unsupported_grant_type')
    },
    revoke(form, authorization) {
      const clientId = clients.authenticate(form, authorization)
      // RFC 7009 §2.1: clients authenticate as at the token endpoint.
      if (clientId === undefined) return oauthError('invalid_client', 401)
      const grant = grants.grantOf(form['token'] ?? '')
      if (grant?.clientId !== clientId) {
        // RFC 7009 §2.2: an unknown token is not an error.
        return { status: 200, body: '', outcome: 'ignored' }
      }
      grants.revoke(grant.id)
      return { status: 200, body: '', outcome: 'revoked' }
    },
  }
}
