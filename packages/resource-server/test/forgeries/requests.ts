import type { Forge, Forgery } from './forge.ts'

const several = { status: 400, reason: 'several-credentials' } as const
const inQuery = { status: 400, reason: 'token-in-query' } as const
const malformed = { status: 400, reason: 'malformed-credentials' } as const
const none = { status: 401, reason: 'no-credentials' } as const
const otherScheme = { status: 401, reason: 'unsupported-scheme' } as const

function lines(build: (forge: Forge) => readonly string[]): NonNullable<Forgery['request']> {
  return (forge) => ({ lines: build(forge) })
}

function target(
  build: (good: string) => string,
  withHeader: boolean = false,
): NonNullable<Forgery['request']> {
  return ({ good }) => ({
    target: build(good),
    lines: withHeader ? [`Authorization: Bearer ${good}`] : [],
  })
}

const bearer = (token: string): string => `Authorization: Bearer ${token}`

/** Requests with a good token that must not be accepted in this form. */
export const requestForgeries: readonly Forgery[] = [
  {
    name: 'a good token twice, in two lines',
    ...several,
    request: lines(({ good }) => [bearer(good), bearer(good)]),
  },
  {
    name: 'a good token before another one',
    ...several,
    request: lines(({ good, other }) => [bearer(good), bearer(other)]),
  },
  {
    name: 'a good token before an invalid one',
    ...several,
    request: lines(({ good }) => [bearer(good), bearer('x')]),
  },
  {
    name: 'a good token after an invalid one',
    ...several,
    request: lines(({ good }) => [bearer('x'), bearer(good)]),
  },
  {
    name: 'a good token before Basic credentials',
    ...malformed,
    request: lines(({ good }) => [bearer(good), 'Authorization: Basic dTpw']),
  },
  {
    name: 'a good token after Basic credentials',
    ...several,
    request: lines(({ good }) => ['Authorization: Basic dTpw', bearer(good)]),
  },
  {
    name: 'a good token after an empty line',
    ...several,
    request: lines(({ good }) => ['Authorization:', bearer(good)]),
  },
  {
    name: 'two lines that differ in case',
    ...several,
    request: lines(({ good }) => [bearer(good), `AUTHORIZATION: BEARER ${good}`]),
  },
  {
    name: 'two good tokens in one line',
    ...several,
    request: lines(({ good, other }) => [`${bearer(good)}, Bearer ${other}`]),
  },
  {
    name: 'a good token after Basic credentials in one line',
    ...several,
    request: lines(({ good }) => [`Authorization: Basic dTpw, Bearer ${good}`]),
  },
  {
    name: 'a token in the query',
    ...inQuery,
    request: target((good) => `/mcp?access_token=${good}`),
  },
  {
    name: 'a token in the query, its name escaped',
    ...inQuery,
    request: target((good) => `/mcp?access%5Ftoken=${good}`),
  },
  {
    name: 'a token in the query, after other parameters',
    ...inQuery,
    request: target((good) => `/mcp?a=b&access_token=${good}#x`),
  },
  {
    name: 'a token in the query and in the header',
    ...several,
    request: target((good) => `/mcp?access_token=${good}`, true),
  },
  {
    name: 'an empty token in the query and one in the header',
    ...several,
    request: target(() => '/mcp?access_token', true),
  },
  {
    name: 'a token in a form body',
    ...none,
    request: ({ good }) => ({
      method: 'POST',
      lines: [
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${'access_token='.length + good.length}`,
      ],
      body: `access_token=${good}`,
    }),
  },
  {
    name: 'a token in a cookie',
    ...none,
    request: lines(({ good }) => [`Cookie: access_token=${good}`]),
  },
  {
    name: 'a token in Proxy-Authorization',
    ...none,
    request: lines(({ good }) => [`Proxy-Authorization: Bearer ${good}`]),
  },
  {
    name: 'a token in X-Access-Token',
    ...none,
    request: lines(({ good }) => [`X-Access-Token: ${good}`]),
  },
  {
    name: 'a token in X-Forwarded-Authorization',
    ...none,
    request: lines(({ good }) => [`X-Forwarded-Authorization: Bearer ${good}`]),
  },
  { name: 'an empty Authorization line', ...none, request: lines(() => ['Authorization:']) },
  ...[
    'Basic',
    'Token',
    'MAC',
    'JWT',
    'Bearertoken',
    'Bear er',
    'X-Bearer',
    'Negotiate',
    'OAuth',
  ].map((scheme): Forgery => ({
    name: `a good token under the scheme ${scheme}`,
    ...otherScheme,
    request: lines(({ good }) => [`Authorization: ${scheme} ${good}`]),
  })),
  {
    name: 'a good token without a scheme',
    ...otherScheme,
    request: lines(({ good }) => [`Authorization: ${good}`]),
  },
  {
    name: 'a good token after a tab',
    ...otherScheme,
    request: lines(({ good }) => [`Authorization: Bearer\t${good}`]),
  },
  {
    name: 'a good token after a colon',
    ...otherScheme,
    request: lines(({ good }) => [`Authorization: Bearer:${good}`]),
  },
  { name: 'the scheme alone', ...malformed, request: lines(() => ['Authorization: Bearer']) },
  {
    name: 'a good token after a space and a tab',
    ...malformed,
    request: lines(({ good }) => [`Authorization: Bearer \t${good}`]),
  },
  {
    name: 'the scheme twice',
    ...malformed,
    request: lines(({ good }) => [`Authorization: Bearer Bearer ${good}`]),
  },
  {
    name: 'parameters instead of a token',
    ...malformed,
    request: lines(({ good }) => [`Authorization: Bearer realm="x", token="${good}"`]),
  },
]
