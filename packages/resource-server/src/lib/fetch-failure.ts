/** Says why `fetch` got no response. Its own message is "fetch failed". The reason is in its cause. */
export function fetchFailure(error: unknown, timeoutMilliseconds: number): string {
  if (!(error instanceof Error)) return 'no response'
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (typeof code === 'string') return `no response (${code})`
  return error.name === 'TimeoutError'
    ? `no response within ${timeoutMilliseconds / 1000} seconds`
    : error.message
}
