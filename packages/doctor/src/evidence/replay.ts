import { discover } from '@evergrant/client'
import type { Observations } from '../observations/observations.ts'
import type { DiscoveryOutcome } from './evidence.ts'
import { EvergrantClientError } from '@evergrant/client'

/**
 * Runs the client's discovery over recorded answers, so that the report says what a client concludes
 * from them, and not what a second implementation would.
 */
export async function replayDiscovery(
  observations: Observations,
  resourceMetadataUrl: string | undefined,
): Promise<DiscoveryOutcome> {
  const { serverUrl, observedAtEpochSeconds, chosenIssuer } = observations
  try {
    const discovery = await discover(serverUrl, {
      resourceMetadataUrl,
      fetch: recordedFetch(observations),
      clock: { nowEpochSeconds: () => observedAtEpochSeconds },
      ...(chosenIssuer === undefined
        ? {}
        : {
            chooseAuthorizationServer: (issuers: readonly string[]) =>
              issuers.find((issuer) => issuer === chosenIssuer) ?? issuers[0] ?? chosenIssuer,
          }),
    })
    return { outcome: 'found', discovery }
  } catch (error) {
    if (!EvergrantClientError.is(error)) throw error
    return { outcome: 'failed', code: error.code, message: error.message }
  }
}

/** A `fetch` that gives the recorded answer to each GET of a document, and sends nothing. */
function recordedFetch({ exchanges }: Observations): typeof globalThis.fetch {
  return (input) => {
    const url = input instanceof Request ? input.url : String(input)
    const exchange = exchanges.find(
      ({ method, purpose, url: recorded }) =>
        method === 'GET' &&
        (purpose === 'resource-metadata' || purpose === 'server-metadata') &&
        sameUrl(recorded, url),
    )
    const answer = exchange?.answer
    if (answer === undefined) {
      const code = exchange?.failure?.code ?? exchange?.failure?.reason ?? 'NOT_RECORDED'
      const cause = Object.assign(new Error(code), { code })
      return Promise.reject(new TypeError('fetch failed', { cause }))
    }
    const { status, headers, body, isTruncated } = answer
    const hasBody = status !== 204 && status !== 205 && status !== 304
    // A document over the limit is no document.
    const text = isTruncated ? '' : body
    return Promise.resolve(new Response(hasBody ? text : null, { status, headers }))
  }
}

function sameUrl(one: string, other: string): boolean {
  return one === other || (URL.canParse(one) && new URL(one).href === other)
}
