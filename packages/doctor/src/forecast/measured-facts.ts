import type { Measurement } from '../observations/measurement.ts'
import type { ProductFact, ProductFacts } from './product-facts.ts'
import type { RefreshTokenForecast } from './statement.ts'

/** What was measured takes the place of what is known about the product. */
export function measuredFacts(
  { accessToken, announced, refresh, reuse, issuer }: Measurement,
  known: ProductFacts | undefined,
): ProductFacts {
  const fact = <Value>(value: Value): ProductFact<Value> => ({
    value,
    status: 'measured',
    source: `a sign-in at ${issuer}`,
  })
  const { authorization_expires_in: absolute, ...refreshTokens } = announced
  const [idle] = Object.values(refreshTokens)
  return {
    id: known?.id ?? 'measured',
    name: known?.name ?? 'The authorization server',
    ...known,
    ...(accessToken.expiresInSeconds === undefined
      ? {}
      : { accessTokenSeconds: fact(accessToken.expiresInSeconds) }),
    ...(idle === undefined ? {} : { idleSeconds: fact(idle) }),
    ...(absolute === undefined ? {} : { absoluteSeconds: fact(absolute) }),
    ...(refresh === undefined || refresh.rotation === 'unknown'
      ? {}
      : { rotation: fact(refresh.rotation === 'rotates' ? 'rotates' : 'keeps') }),
    ...(reuse === undefined
      ? {}
      : {
          graceSeconds: fact(Math.round(reuse.grace.seconds)),
          ...(reuse.afterGrace === undefined
            ? {}
            : {
                reuse: fact(reuse.afterGrace === 'grant-ended' ? 'family-revoked' : 'refused'),
              }),
        }),
    notes: known?.notes ?? [],
  }
}

/** Whether a sign-in brought a refresh token. */
export function measuredRefreshToken({ refreshToken, issuer }: Measurement): RefreshTokenForecast {
  return {
    outlook: refreshToken === 'issued' ? 'probably' : 'probably-not',
    reasons: [
      {
        text: `A sign-in brought ${refreshToken === 'issued' ? 'one' : 'none'}`,
        basis: 'measured',
        source: `a sign-in at ${issuer}`,
      },
    ],
  }
}
