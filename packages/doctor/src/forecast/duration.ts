import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import type { ProductFact, ProductFacts } from './product-facts.ts'
import { formatSeconds } from './statement.ts'
import type { Statement } from './statement.ts'

/** How long a sign-in probably lasts, and what ends it. What is not known is `unknown`. */
export interface DurationForecast {
  /** The end without use; absent if unknown. */
  readonly idleSeconds?: number
  /** The end even with use; absent if unknown. */
  readonly absoluteSeconds?: number
  readonly accessTokenSeconds?: number
  /** What is known about the end of a sign-in. */
  readonly ends: readonly Statement[]
  /** What the metadata and the facts do not say. */
  readonly unknown: readonly string[]
}

/** Predicts how long a sign-in lasts from the metadata and from facts about the product. */
export function predictDuration(
  metadata: AuthorizationServerMetadata,
  facts: ProductFacts | undefined,
): DurationForecast {
  const types = metadata.refresh_token_expiration_types_supported
  const ends: Statement[] = [
    ...lifetime(facts?.idleSeconds, (time, ours) => `ends after ${time} without use${ours}`),
    ...lifetime(
      facts?.absoluteSeconds,
      (time, ours) => `ends after ${time} even if it is used${ours}`,
    ),
    ...lifetime(facts?.accessTokenSeconds, (time) => `an access token lives for ${time}`),
    ...reuse(facts),
    ...(facts?.notes ?? []).map(({ value, status, source }) => ({
      text: value,
      basis: status,
      source,
    })),
    ...(types === undefined
      ? []
      : [
          {
            text: `The server announces with each token when it ends (${types.join(', ').slice(0, 100)})`,
            basis: 'metadata' as const,
          },
        ]),
  ]
  const unknown = [
    ...(facts?.idleSeconds === undefined ? ['after how long without use a sign-in ends'] : []),
    ...(facts?.absoluteSeconds === undefined ? ['the longest time that a sign-in lasts'] : []),
    ...(facts?.accessTokenSeconds === undefined ? ['how long an access token lives'] : []),
    ...(facts?.rotation === undefined ? ['whether refresh tokens rotate'] : []),
    ...(facts?.reuse === undefined ? ['what happens if a refresh token is used twice'] : []),
  ]
  return {
    ...seconds('idleSeconds', facts?.idleSeconds),
    ...seconds('absoluteSeconds', facts?.absoluteSeconds),
    ...seconds('accessTokenSeconds', facts?.accessTokenSeconds),
    ends,
    unknown,
  }
}

function seconds<Name extends string>(
  name: Name,
  fact: ProductFact<number> | undefined,
): Partial<Record<Name, number>> {
  return fact === undefined ? {} : ({ [name]: fact.value } as Partial<Record<Name, number>>)
}

function lifetime(
  fact: ProductFact<number> | undefined,
  text: (time: string, byDefault: string) => string,
): readonly Statement[] {
  if (fact === undefined) return []
  return [
    {
      text: text(formatSeconds(fact.value), fact.status === 'measured' ? '' : ', by default'),
      basis: fact.status,
      source: fact.source,
    },
  ]
}

function reuse(facts: ProductFacts | undefined): readonly Statement[] {
  const fact = facts?.reuse
  if (fact?.value !== 'family-revoked') return []
  const grace = facts?.graceSeconds?.value
  return [
    {
      text: `a refresh token that is used twice ends the sign-in${grace === 0 ? ', without a grace: concurrent refreshes and lost responses sign the user out' : ''}`,
      basis: fact.status,
      source: fact.source,
    },
  ]
}
