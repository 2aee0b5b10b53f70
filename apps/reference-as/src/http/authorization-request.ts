/**
 * Longest query of any request, in characters. The start of a sign-in or a sign-out is stored before
 * the user is known. Requests of real clients have a few hundred characters.
 */
const longestQuery = 4096

/** Longest values of parameters of an authorization request, in characters. */
const longestValues: Readonly<Record<string, number>> = {
  // Clients encode their own state in it, sometimes with a signature.
  state: 2048,
  scope: 2048,
  nonce: 512,
  login_hint: 512,
}
const longestOtherValue = 1024
const mostParameters = 40

/** Why a request is refused, for a page, and the status of the response. */
export interface OversizedRequest {
  readonly status: 400 | 414
  readonly detail: string
}

/** Which part of a request's query is too large. `undefined` when none is. */
export function oversized(path: string, query: string): OversizedRequest | undefined {
  if (query.length > longestQuery) {
    return {
      status: 414,
      detail: `the query has ${query.length} characters (at most ${longestQuery})`,
    }
  }
  if (path !== '/auth') return undefined
  const parameters = [...new URLSearchParams(query)]
  if (parameters.length > mostParameters) {
    return {
      status: 400,
      detail: `there are ${parameters.length} parameters (at most ${mostParameters})`,
    }
  }
  for (const [name, value] of parameters) {
    const own = Object.hasOwn(longestValues, name) ? longestValues[name] : undefined
    const longest = own ?? longestOtherValue
    if (value.length <= longest) continue
    return {
      status: 400,
      detail: `${name.slice(0, 40)} has ${value.length} characters (at most ${longest})`,
    }
  }
  return undefined
}
