import { errors } from 'oidc-provider'
import type { Provider } from 'oidc-provider'

/** Which metadata documents could not be used a moment ago. */
export interface FailedDocuments {
  hasFailed(clientId: string): boolean
  failed(clientId: string): void
}

/** More than fail in earnest in that time; an attacker with more URLs makes us forget the first. */
const maximumEntries = 1000

/**
 * Remembers failures for `seconds`, from the first one on. It is the failure that is remembered,
 * never what was answered: an answer that is an error must not be cached.
 *
 * @see draft-ietf-oauth-client-id-metadata-document-02 §5.2
 */
export function createFailedDocuments(
  seconds = 10,
  nowMilliseconds: () => number = () => performance.now(),
): FailedDocuments {
  const until = new Map<string, number>()
  const hasFailed = (clientId: string): boolean => {
    const end = until.get(clientId)
    if (end !== undefined && end <= nowMilliseconds()) until.delete(clientId)
    return until.has(clientId)
  }
  return {
    hasFailed,
    failed(clientId) {
      // The refusal that a failure leads to is a failure too, and must not prolong it.
      if (hasFailed(clientId)) return
      const [oldest] = until.keys()
      if (until.size >= maximumEntries && oldest !== undefined) until.delete(oldest)
      until.set(clientId, nowMilliseconds() + seconds * 1000)
    },
  }
}

/**
 * Keeps the engine from fetching again at once what it could not fetch or use: whoever sends
 * requests with a dead `client_id` would have this server send as many, and the engine asks twice
 * in each.
 */
export function limitRefetching(provider: Provider, documents: FailedDocuments): void {
  const find = provider.Client.find.bind(provider.Client)
  provider.Client.find = async (clientId) => {
    try {
      return await find(clientId)
    } catch (error) {
      // Anything else is a failure of ours.
      if (error instanceof errors.OIDCProviderError) documents.failed(clientId)
      throw error
    }
  }
}
