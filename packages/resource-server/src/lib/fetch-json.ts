import { showRemote } from '@evergrant/core'
import { fetchFailure } from './fetch-failure.ts'
import { limitedText } from './limited-text.ts'

const timeoutMilliseconds = 5000
/** More than any real document: a JWKS of a few keys is a few kilobytes long. */
const maximumBytes = 1_048_576

/**
 * Fetches a JSON document. Redirects are not followed: the configuration names the authorization
 * server, and a redirect must not choose another one.
 *
 * @throws {Error} A message that names the URL, the status, the content type and a redirect's target.
 */
export async function fetchJson(url: string, fetchImplementation: typeof fetch): Promise<unknown> {
  const response = await send(url, fetchImplementation)
  const { status, headers } = response
  const type = headers.get('content-type')
  const received = `status ${status}${type === null ? '' : `, content type ${showRemote(type)}`}`
  if (status !== 200) {
    await response.body?.cancel()
    const target = headers.get('location')
    const redirect = target === null ? '' : `, a redirect to ${showRemote(target)}`
    throw new Error(`${url}: ${received}${redirect}`)
  }
  const text = await readText(response, url, received)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${url}: ${received}, not JSON`, { cause: error })
  }
}

async function readText(response: Response, url: string, received: string): Promise<string> {
  try {
    return await limitedText(response, maximumBytes)
  } catch (error) {
    throw new Error(`${url}: ${received}, then ${reasonOf(error)}`, { cause: error })
  }
}

async function send(url: string, fetchImplementation: typeof fetch): Promise<Response> {
  try {
    return await fetchImplementation(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    })
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  return fetchFailure(error, timeoutMilliseconds)
}
