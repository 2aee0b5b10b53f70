/** Tells clients how long a grant lasts. */
// #region response
import { grantLifetime, refreshTokenExpirationTypes } from '@evergrant/authorization-server'
import type { RefreshTokenRecord } from '@evergrant/authorization-server'

/** Members of your metadata. */
export const metadata = {
  refresh_token_expiration_types_supported: refreshTokenExpirationTypes,
}

/** Members of the token response, with every refresh token. */
export function lifetimeMembers(
  record: RefreshTokenRecord<unknown>,
  nowEpochSeconds: number,
): Readonly<Record<string, number>> {
  return { ...grantLifetime(record, nowEpochSeconds) }
}
// #endregion response
