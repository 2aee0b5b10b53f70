import type { RefreshTokenRecord } from '@evergrant/authorization-server'
import type { StoredArtifact } from '@evergrant/authorization-server/oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import type { ServerSettings } from '../settings/server-settings.ts'

/** A refresh token for one resource, without a proof key, an ID token or a session that it depends on. */
export interface PlainToken {
  readonly clientId: string
  readonly accountId: string
  readonly grantId: string
  readonly resource: string
  readonly scopes: ReadonlySet<string>
}

/** What the engine stores with a refresh token of the plain kind. */
const plainMembers: ReadonlySet<string> = new Set([
  'accountId',
  'acr',
  'amr',
  'authTime',
  'clientId',
  'exp',
  'expiresWithSession',
  'grantId',
  'gty',
  'iat',
  'iiat',
  'kind',
  'nonce',
  'redirectUri',
  'resource',
  'rotations',
  'scope',
  'sessionUid',
  'sid',
])

export function plainToken(
  { data, familyId }: RefreshTokenRecord<AdapterPayload>,
  clientId: string,
): PlainToken | undefined {
  const { accountId, resource, scope } = data
  if (data.clientId !== clientId || data.kind !== 'RefreshToken') return undefined
  if (accountId === undefined || scope === undefined || typeof resource !== 'string') {
    return undefined
  }
  // For example a proof key, a certificate, authorization details, or a member of a later version.
  if (Object.keys(data).some((member) => !plainMembers.has(member))) return undefined
  if (data.expiresWithSession === true) return undefined
  const scopes = new Set(scope.split(' '))
  // An ID token is due.
  if (scopes.has('openid')) return undefined
  return { clientId, accountId, grantId: familyId, resource, scopes }
}

const plainGrantMembers: ReadonlySet<string> = new Set([
  'accountId',
  'clientId',
  'exp',
  'iat',
  'jti',
  'kind',
  'openid',
  'resources',
])

/** The scope of the access token, empty when the grant is not what the token needs. */
export function grantedScope(
  { payload }: StoredArtifact,
  { clientId, accountId, resource, scopes }: PlainToken,
  { resourceScopes }: ServerSettings,
  now: number,
): string {
  if (payload.kind !== 'Grant' || typeof payload.exp !== 'number' || payload.exp <= now) return ''
  if (payload.clientId !== clientId || payload.accountId !== accountId) return ''
  if (Object.keys(payload).some((member) => !plainGrantMembers.has(member))) return ''
  const resources: unknown = payload['resources']
  if (typeof resources !== 'object' || resources === null) return ''
  const granted: unknown = new Map(Object.entries(resources)).get(resource)
  if (typeof granted !== 'string') return ''
  return granted
    .split(' ')
    .filter((one) => scopes.has(one) && resourceScopes.includes(one))
    .join(' ')
}
