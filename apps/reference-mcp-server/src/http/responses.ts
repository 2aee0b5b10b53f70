/** An error response outside JSON-RPC: the message was not read, so there is no ID. */
export function errorResponse(
  status: 403 | 429,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(
    { jsonrpc: '2.0', error: { code: -32_000, message }, id: null },
    { status, headers: { 'cache-control': 'no-store', ...headers } },
  )
}

/** The message names the option, because the page's developer sees only a failed request. */
export function foreignOriginResponse(request: Request): Response {
  const origin = JSON.stringify(request.headers.get('origin'))
  return errorResponse(
    403,
    `Refused: the request is from a page of the origin ${origin}, which is not allowed. ` +
      'Start this server with --allowed-origin, or remove the Origin header in the proxy.',
    { vary: 'Origin' },
  )
}

export function tooManyResponse(seconds: number): Response {
  return errorResponse(429, `Too many requests. Wait ${seconds} seconds.`, {
    'retry-after': String(seconds),
  })
}
