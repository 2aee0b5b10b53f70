import { showRemote } from '@evergrant/core'
import { basicCredentials } from '@evergrant/core/registration'
import { fetchFailure } from '../lib/fetch-failure.ts'
import { limitedText } from '../lib/limited-text.ts'
import type { TokenIntrospection } from './options.ts'

const maximumBytes = 1_048_576

/** The members of an introspection response. `active` is a boolean. */
export type IntrospectionMembers = Readonly<Record<string, unknown>> & { readonly active: boolean }

/** An introspection response. */
export interface IntrospectionResponse {
  readonly members: IntrospectionMembers
  /** Characters of the body. */
  readonly length: number
}

/** Sends introspection requests to one endpoint. */
export interface IntrospectionEndpoint {
  readonly url: URL
  readonly introspection: TokenIntrospection
  readonly fetch: typeof fetch
}

/** Why an introspection endpoint gave no usable answer. The message contains no token and no secret. */
export class IntrospectionFailure extends Error {
  override readonly name = 'IntrospectionFailure'
  /** `Retry-After` of the response. */
  readonly retryAfterSeconds: number | undefined
  /** Whether the next token would probably get the same answer. */
  readonly isOutage: boolean

  constructor(message: string, options: { retryAfterSeconds?: number; isOutage?: boolean } = {}) {
    super(message)
    this.retryAfterSeconds = options.retryAfterSeconds
    this.isOutage = options.isOutage ?? true
  }
}

/**
 * Introspects a token.
 *
 * @throws {IntrospectionFailure} Names the URL, the status and the content type.
 * @see RFC 7662 §2
 */
export async function introspect(
  endpoint: IntrospectionEndpoint,
  token: string,
): Promise<IntrospectionResponse> {
  const { url, introspection } = endpoint
  const timeoutMilliseconds = introspection.timeoutMilliseconds ?? 5000
  let received: string | undefined
  try {
    // assertTrustedUrl admits http on loopback hosts only.
    const response = await endpoint.fetch(url.href, {
      ...introspectionRequest(introspection, token),
      signal: AbortSignal.timeout(timeoutMilliseconds),
    })
    received = describe(response)
    if (response.status !== 200) {
      await response.body?.cancel()
      throw refusedBy(url, response, received)
    }
    const text = await limitedText(response, maximumBytes)
    return { members: membersOf(response, text), length: text.length }
  } catch (error) {
    if (error instanceof IntrospectionFailure) throw error
    const why = fetchFailure(error, timeoutMilliseconds)
    throw new IntrospectionFailure(
      `${url.href}: ${received === undefined ? why : `${received}, not an introspection response (${why})`}`,
    )
  }
}

/** @see RFC 7662 §2.1 */
function introspectionRequest(introspection: TokenIntrospection, token: string): RequestInit {
  const { clientId, clientSecret } = introspection
  const body = new URLSearchParams({ token_type_hint: 'access_token', token })
  const headers = new Headers({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
  })
  if (introspection.clientAuthentication === 'client_secret_post') {
    body.set('client_id', clientId)
    body.set('client_secret', clientSecret)
  } else {
    headers.set('authorization', `Basic ${basicCredentials(clientId, clientSecret)}`)
  }
  // A redirect could lead the token and the secret elsewhere.
  return { method: 'POST', headers, body, redirect: 'manual' }
}

/**
 * Reads the members of a response. The errors do not contain the body, which may echo the token.
 *
 * @see RFC 7662 §2.2
 */
function membersOf(response: Response, text: string): IntrospectionMembers {
  if (!/^application\/json\s*(?:;|$)/i.test(response.headers.get('content-type') ?? '')) {
    throw new Error('the content type is not application/json')
  }
  const members = parseObject(text)
  if (members === undefined) throw new Error('the body is not a JSON object')
  const { active } = members
  if (typeof active !== 'boolean') throw new Error('its member "active" is not a boolean')
  return { ...members, active }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return { ...value }
}

function describe(response: Response): string {
  const type = response.headers.get('content-type')
  return `status ${response.status}${type === null ? '' : `, content type ${showRemote(type)}`}`
}

function refusedBy(url: URL, response: Response, received: string): IntrospectionFailure {
  const advice =
    response.status === 401 || response.status === 403
      ? '. Correct introspection.clientId, clientSecret and clientAuthentication'
      : ''
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new IntrospectionFailure(`${url.href}: ${received}${advice}`, {
    isOutage: !isAboutTheRequest(response.status),
    ...(seconds >= 1 && seconds <= 600 ? { retryAfterSeconds: Math.ceil(seconds) } : {}),
  })
}

/**
 * Such as 400 or 500 for a token that the server cannot parse. One sender must not stop all introspection.
 */
function isAboutTheRequest(status: number): boolean {
  if (status === 500) return true
  return status >= 400 && status < 500 && ![401, 403, 404, 405, 408, 429].includes(status)
}
