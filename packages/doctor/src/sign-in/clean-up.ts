import type { Measurement } from '../observations/measurement.ts'
import type { GrantUnderTest } from './grant-under-test.ts'
import type { SendOptions } from './token-client.ts'

/** Revokes every token of the grants, and deletes the clients that were registered for them. */
export async function cleanUp(
  grants: readonly GrantUnderTest[],
  options: SendOptions,
): Promise<Measurement['cleanUp']> {
  let revoked = 0
  const clients: boolean[] = []
  for (const grant of grants) {
    const isRevoked = await revokeAll(grant)
    if (isRevoked || grant.hasEnded) revoked += 1
    if (grant.registration === undefined) continue
    clients.push(await deleteClient(grant.registration, options))
  }
  const client = clients.length === 0 ? 'none' : clients.every(Boolean) ? 'deleted' : 'left'
  return { grants: grants.length, revoked, client }
}

async function revokeAll({
  client,
  revocationEndpoint,
  refreshToken,
  accessToken,
}: GrantUnderTest): Promise<boolean> {
  if (revocationEndpoint === undefined) return false
  const tokens = [
    ...(refreshToken === undefined ? [] : [['refresh_token', refreshToken] as const]),
    ['access_token', accessToken] as const,
  ]
  const statuses: (number | undefined)[] = []
  for (const [hint, token] of tokens)
    statuses.push(await client.revoke(revocationEndpoint, token, hint))
  // Servers need not support the revocation of access tokens (RFC 7009 §2).
  const [first] = statuses
  return first !== undefined && first < 400
}

/** RFC 7592 §2.3. */
async function deleteClient(
  registration: Readonly<Record<string, unknown>>,
  { fetch, requestTimeoutMilliseconds }: SendOptions,
): Promise<boolean> {
  const { registration_client_uri: uri, registration_access_token: token } = registration
  if (typeof uri !== 'string' || typeof token !== 'string' || !URL.canParse(uri)) return false
  try {
    const response = await fetch(uri, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(requestTimeoutMilliseconds),
    })
    await response.body?.cancel()
    return response.status < 300
  } catch {
    return false
  }
}
