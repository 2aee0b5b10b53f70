import type { HttpClient } from './http.ts'
import { UnexpectedAnswerError } from './upstream.ts'

const maximumRedirects = 5
/** The statuses that keep the method and the body. */
const followed: ReadonlySet<number> = new Set([307, 308])
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Follows redirects within the origin of the server, such as to a URL with a trailing slash. The headers
 * of the host are credentials, so they go nowhere else.
 *
 * @throws UnexpectedAnswerError from the returned client, with the target
 */
export function followingRedirects(client: HttpClient): HttpClient {
  return async (request) => {
    let { url } = request
    for (let hops = 0; ; hops += 1) {
      const response = await client({ ...request, url })
      if (!redirects.has(response.status)) return response
      const location = response.header('location') ?? ''
      response.discard()
      const target = URL.canParse(location, url) ? new URL(location, url) : undefined
      const keepsRequest = request.method === 'GET' || followed.has(response.status)
      const isOwn = target !== undefined && target.origin === new URL(url).origin
      if (!isOwn || !keepsRequest || hops === maximumRedirects) {
        throw new UnexpectedAnswerError(
          `it redirects to ${JSON.stringify(target?.href ?? location)} with HTTP status ${response.status} (expected no redirect, or up to ${maximumRedirects} on its origin with status 307 or 308)`,
        )
      }
      url = target.href
    }
  }
}
