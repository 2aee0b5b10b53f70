import type { Measurement } from '../observations/measurement.ts'
import type { Observations } from '../observations/observations.ts'
import type { CapturedSignIn } from './captured-sign-in.ts'
import type { GrantUnderTest } from './grant-under-test.ts'
import { revocationEndpointOf } from './revocation-endpoint.ts'
import { createTokenClient } from './token-client.ts'
import type { SendOptions } from './token-client.ts'

/** What one sign-in created. Without a grant, it failed or was interrupted before its end. */
export interface Created {
  readonly captured: CapturedSignIn
  readonly grant?: GrantUnderTest
}

type Revocable = Pick<
  GrantUnderTest,
  'client' | 'revocationEndpoint' | 'refreshToken' | 'accessToken' | 'hasEnded'
>

/** Revokes every grant that was created, and deletes the clients that were registered for them. */
export async function cleanUp(
  created: readonly Created[],
  observations: Observations,
  options: SendOptions,
): Promise<Measurement['cleanUp']> {
  let grants = 0
  let revoked = 0
  const clients: boolean[] = []
  for (const { captured, grant } of created) {
    await captured.pending
    const found = grant ?? unfinishedGrant(captured, observations, options)
    if (found !== undefined) {
      grants += 1
      const isRevoked = await revokeAll(found)
      if (isRevoked || found.hasEnded) revoked += 1
    }
    if (captured.registration === undefined) continue
    clients.push(await deleteClient(captured.registration, options))
  }
  const client = clients.length === 0 ? 'none' : clients.every(Boolean) ? 'deleted' : 'left'
  return { grants, revoked, client }
}

/** The tokens of a sign-in that failed after the authorization server had issued them. */
function unfinishedGrant(
  { tokenRequest, tokenResponse }: CapturedSignIn,
  observations: Observations,
  options: SendOptions,
): Revocable | undefined {
  const { access_token: accessToken, refresh_token: refreshToken } = tokenResponse ?? {}
  if (tokenRequest === undefined || typeof accessToken !== 'string') return undefined
  const { url } = tokenRequest
  return {
    client: createTokenClient(tokenRequest, new URL(url).origin, options),
    revocationEndpoint: revocationEndpointOf(
      observations,
      ({ token_endpoint: endpoint }) => endpoint === url,
    ),
    accessToken,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
    hasEnded: false,
  }
}

async function revokeAll({
  client,
  revocationEndpoint,
  refreshToken,
  accessToken,
}: Revocable): Promise<boolean> {
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
