import { showRemote } from '@evergrant/core'

const timeoutMilliseconds = 5000

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
  try {
    return await response.json()
  } catch (error) {
    throw new Error(`${url}: ${received}, not JSON`, { cause: error })
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

/** The message of `fetch` is "fetch failed". The reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no response'
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (typeof code === 'string') return `no response (${code})`
  return error.name === 'TimeoutError'
    ? `no response within ${timeoutMilliseconds / 1000} seconds`
    : error.message
}
