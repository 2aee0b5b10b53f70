import { isSecureEndpoint } from '@evergrant/core/network'
import { documentOf } from '../lib/json.ts'
import type { Observations } from '../observations/observations.ts'

/** The revocation endpoint of the first server whose metadata fits. No token is sent to others. */
export function revocationEndpointOf(
  { exchanges }: Observations,
  fits: (metadata: Readonly<Record<string, unknown>>) => boolean,
): string | undefined {
  const documents = exchanges
    .filter(({ purpose, answer }) => purpose === 'server-metadata' && answer?.status === 200)
    .map(({ answer }) => documentOf(answer?.body ?? ''))
  const found = documents.find((document) => document !== undefined && fits(document))
  const endpoint = found?.['revocation_endpoint']
  return typeof endpoint === 'string' && isSecureEndpoint(endpoint) ? endpoint : undefined
}
