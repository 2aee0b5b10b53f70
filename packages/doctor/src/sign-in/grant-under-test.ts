import type { Clock } from '@evergrant/client'
import type { TokenResponse } from '@evergrant/core'
import type { TokenClient } from './token-client.ts'
import type { RefreshResult } from './token-client.ts'

/** A grant that the measurement created, with its current tokens. Holds secrets. */
export interface GrantUnderTest {
  readonly client: TokenClient
  readonly issuer: string
  readonly resource: string | undefined
  readonly revocationEndpoint: string | undefined
  readonly issuedAtEpochSeconds: number
  readonly first: TokenResponse
  readonly requestedScope: string | undefined
  /** Whether the server has ended it. */
  hasEnded: boolean
  /** The newest tokens. */
  accessToken: string
  refreshToken: string | undefined
}

/** How a measurement waits. */
export interface WaitOptions {
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  /** The longest wait for one property. */
  readonly maximumWaitSeconds: number
}

/** Refreshes with the newest token, and keeps what comes back. */
export async function refreshGrant(
  grant: GrantUnderTest,
  parameters: Readonly<Record<string, string>>,
  note: string,
): Promise<RefreshResult> {
  const result = await grant.client.refresh(grant.refreshToken ?? '', parameters, note)
  if (result.tokens !== undefined) {
    grant.accessToken = result.tokens.access_token
    grant.refreshToken = result.tokens.refresh_token ?? grant.refreshToken
  }
  return result
}

/** The parameters of a refresh by the rules: `resource`, and no `scope`. */
export function ruleParameters({ resource }: GrantUnderTest): Readonly<Record<string, string>> {
  return resource === undefined ? {} : { resource }
}

/** Between two attempts while something is measured that lasts. */
export const pollMilliseconds = 400
