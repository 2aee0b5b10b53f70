/** Form fields, query parameters and members of JSON that are secret, or become so with another one. */
const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token',
  'id_token_hint',
  'nonce',
  'password',
  'refresh_token',
  'registration_access_token',
  'session_state',
  'state',
  'subject_token',
  'token',
  'user_code',
  'verification_uri_complete',
])

/** Headers whose values are shown. All others may be credentials. */
const shownHeaders: readonly string[] = [
  'accept',
  'cache-control',
  'content-length',
  'content-type',
  'location',
  'mcp-protocol-version',
  'retry-after',
  'www-authenticate',
]

const hidden = '[redacted]'
const longestText = 4000
const longestLine = 120

interface Question {
  readonly line: string
  readonly purpose: string
  readonly requirements: readonly string[]
  readonly question: string
}

/** A request as text. Bodies of MCP messages are private, so only their method is shown. */
export function questionOf(url: URL, request: Request | RequestInit | undefined): Question {
  const headers = new Headers(request?.headers)
  const method = request?.method ?? 'GET'
  const body = bodyOf(request)
  const shown = [
    `${method} ${hiddenUrl(url)}`,
    ...(headers.has('authorization')
      ? [`authorization: ${headers.get('authorization')?.split(' ', 1)[0] ?? ''} ${hidden}`]
      : []),
    ...headerLines(headers),
    ...(body.text === '' ? [] : ['', body.text]),
  ]
  return {
    line: `${method} ${url.pathname}`.slice(0, longestLine),
    ...purposeOf(url, body),
    question: shown.join('\n').slice(0, longestText),
  }
}

/** An answer as text. */
export function answerOf(response: Response, body: string): string {
  const lines = [
    `${response.status} ${response.statusText}`.trim(),
    ...headerLines(response.headers),
    ...(body === '' ? [] : ['', hiddenJson(body)]),
  ]
  return lines.join('\n').slice(0, longestText)
}

/** The values in an answer that must appear nowhere in the trace. */
export function secretsIn(body: string, location: string | null): readonly string[] {
  const found: string[] = []
  JSON.stringify(parsed(body), (name: string, value: unknown) => {
    if (secretNames.has(name) && typeof value === 'string') found.push(value)
    return value
  })
  const target = location === null ? null : URL.parse(location, 'http://localhost')
  for (const [name, value] of target?.searchParams ?? []) {
    if (secretNames.has(name)) found.push(value)
  }
  return found
}

/** The start of a body. The rest is not read. */
export async function textStart(response: Response, maximumBytes: number): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = 0; bytes < maximumBytes;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    text += decoder.decode(value, { stream: true })
  }
  await reader.cancel()
  return text
}

/** A text of this program that may contain URLs. */
export function hiddenText(text: string): string {
  return text.replaceAll(/https?:\/\/[^\s"'<>]+/g, (url) => {
    const found = URL.parse(url)
    return found === null ? url : hiddenUrl(found)
  })
}

/** A URL without the values of parameters that are secret. */
function hiddenUrl(url: URL): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  shown.hash = ''
  for (const name of new Set(shown.searchParams.keys())) {
    if (secretNames.has(name)) shown.searchParams.set(name, hidden)
  }
  return shown.href
}

interface Body {
  readonly text: string
  readonly grantType?: string | undefined
  readonly rpcMethod?: string | undefined
}

function bodyOf(request: Request | RequestInit | undefined): Body {
  const body = request instanceof Request ? undefined : request?.body
  if (body instanceof URLSearchParams) return formOf(body)
  if (typeof body !== 'string') return { text: '' }
  const json = parsed(body)
  if (json === undefined) return formOf(new URLSearchParams(body))
  const method: unknown = Reflect.get(Object(json), 'method')
  if (Reflect.get(Object(json), 'jsonrpc') === '2.0') {
    const rpcMethod = typeof method === 'string' ? method : 'response'
    return { rpcMethod, text: `(MCP message: ${rpcMethod}, ${body.length} characters)` }
  }
  return { text: hiddenJson(body) }
}

function formOf(form: URLSearchParams): Body {
  const lines = Array.from(form, ([name, value]) =>
    secretNames.has(name) ? `${name}=${hidden}` : `${name}=${value}`,
  )
  return { text: lines.join('\n'), grantType: form.get('grant_type') ?? undefined }
}

function headerLines(headers: Headers): readonly string[] {
  return shownHeaders.flatMap((name) => {
    const value = headers.get(name)
    if (value === null) return []
    return [`${name}: ${name === 'location' ? hiddenText(value) : value}`]
  })
}

/** JSON without the values of members that are secret. An MCP answer is private, so it is not shown. */
function hiddenJson(text: string): string {
  const json = parsed(text)
  if (json === undefined) return `(${text.length} characters that are not a JSON document)`
  if (Reflect.get(Object(json), 'jsonrpc') === '2.0')
    return `(MCP message, ${text.length} characters)`
  return JSON.stringify(
    json,
    (name: string, value: unknown) => (secretNames.has(name) ? hidden : value),
    2,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a device authorization request is for. */
export const deviceCodeRequest = 'requests a device code'

type Purpose = Pick<Question, 'purpose' | 'requirements'>

function purposeOf(url: URL, { grantType, rpcMethod, text }: Body): Purpose {
  if (rpcMethod !== undefined)
    return { purpose: `sends the MCP message ${rpcMethod}`, requirements: ['C-20'] }
  const { pathname } = url
  if (pathname.includes('/.well-known/oauth-protected-resource')) {
    return { purpose: 'reads the protected resource metadata', requirements: ['C-30'] }
  }
  if (pathname.includes('/.well-known/')) {
    return { purpose: 'reads the authorization server metadata', requirements: ['C-31', 'C-32'] }
  }
  const known = grantType === undefined ? undefined : grants[grantType]
  if (known !== undefined) return known
  if (text.includes('redirect_uris')) {
    return { purpose: 'registers the client', requirements: ['C-01', 'C-37', 'C-38'] }
  }
  if (url.searchParams.has('code_challenge')) {
    return { purpose: 'opens the authorization page', requirements: ['C-33', 'C-34', 'C-36'] }
  }
  if (/^token=/m.test(text)) return { purpose: 'revokes a token', requirements: ['C-57'] }
  if (/^client_id=/m.test(text) && /^scope=/m.test(text)) {
    return { purpose: deviceCodeRequest, requirements: ['C-45', 'C-34'] }
  }
  return { purpose: 'sends a request', requirements: [] }
}

const grants: Readonly<Record<string, Purpose>> = {
  authorization_code: { purpose: 'exchanges the code', requirements: ['C-03', 'C-33', 'C-34'] },
  refresh_token: { purpose: 'refreshes the tokens', requirements: ['C-34', 'C-51'] },
  'urn:ietf:params:oauth:grant-type:device_code': {
    purpose: 'asks whether the user has approved',
    requirements: ['C-45'],
  },
  client_credentials: { purpose: 'requests a token for the client', requirements: ['C-34'] },
}
