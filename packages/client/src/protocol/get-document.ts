import { quote } from '../lib/errors.ts'
import type { HttpAnswer, HttpOptions } from './http.ts'
import { maximumRedirects, NoAnswerError, redirectTarget, sendOnce, systemCodeOf } from './http.ts'

/**
 * Gets a document. A few redirects are followed, because some servers require a slash at the end,
 * but never to another origin.
 *
 * @throws NoAnswerError, or the reason of the caller's signal
 */
export async function getDocument(url: string, options: HttpOptions): Promise<HttpAnswer> {
  let answer = await getOnce(url, options)
  for (let followed = 0; followed < maximumRedirects; followed += 1) {
    const target = redirectTarget(answer)
    if (target === undefined) return answer
    answer = await getOnce(target, options)
  }
  return answer
}

async function getOnce(url: string, options: HttpOptions): Promise<HttpAnswer> {
  const init = { headers: { accept: 'application/json' } }
  try {
    return await sendOnce(url, init, options)
  } catch (error) {
    // The server has just closed a connection that was kept alive. Repeating the request is safe.
    if (error instanceof NoAnswerError && isReset(error.cause))
      return await sendOnce(url, init, options)
    throw error
  }
}

function isReset(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ECONNRESET' || code === 'UND_ERR_SOCKET'
}

/** The status, target and type of an answer, for a message about a missing JSON document. */
export function excerpt(answer: HttpAnswer): string {
  const location = answer.headers.get('location')
  if (answer.status >= 300 && answer.status < 400 && location !== null) {
    return `status ${answer.status}, a redirect to ${quote(location, 200)}`
  }
  const type = answer.headers.get('content-type') ?? 'no content type'
  return `status ${answer.status}, ${quote(type, 60)}`
}
