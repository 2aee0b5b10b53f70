/**
 * Longest query of any request, in characters. What starts a sign-in or a sign-out is stored before
 * anything is known about who sent it; requests of real clients have a few hundred characters.
 */
const longestQuery = 4096

/** Longest values of parameters of an authorization request, in characters. */
const longestValues: Readonly<Record<string, number>> = {
  // Clients keep their own state in there, some of it signed.
  state: 2048,
  scope: 2048,
  nonce: 512,
  login_hint: 512,
}
const longestOtherValue = 1024
const mostParameters = 40

/** Why a request is not taken on, for a page, and its status. */
export interface OversizedRequest {
  readonly status: 400 | 414
  readonly detail: string
}

/** What about the query of a request is too large; `undefined` where nothing is. */
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
