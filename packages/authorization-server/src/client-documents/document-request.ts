import { showRemote } from '@evergrant/core'
import CachePolicy from 'http-cache-semantics'
import type { GuardedFetch } from '../guarded-fetch/guarded-fetch.ts'
import { AuthorizationServerError } from '../lib/errors.ts'
import { limitedBody } from '../lib/limited-body.ts'
import { messageOf } from './document-errors.ts'
import type { DocumentErrors } from './document-errors.ts'
import type { DocumentKind } from './document-kind.ts'

/** A document as its host sent it. */
export interface ReceivedDocument<Document> {
  readonly document: Document
  readonly text: string
  readonly policy: CachePolicy
}

/** The host says that there is no document at the URL. */
export interface WithdrawnDocument {
  readonly withdrawn: string
}

const requestHeaders = { accept: 'application/json' }

/** Statuses that say nothing about the document: the host is busy or broken for the moment. */
const temporaryStatuses: ReadonlySet<number> = new Set([408, 425, 429])

/** What {@link requestDocument} needs. */
export interface DocumentRequestOptions {
  readonly fetch: GuardedFetch
  readonly requestTimeoutMilliseconds: number
  readonly errors: DocumentErrors
}

/**
 * Requests a document from its host, conditionally when one is `known`.
 *
 * @throws {@link AuthorizationServerError} `CLIENT_DOCUMENT_UNAVAILABLE`,
 *   `CLIENT_DOCUMENT_INVALID`, `FETCH_REFUSED`.
 */
export async function requestDocument<Document>(
  kind: DocumentKind<Document>,
  url: string,
  known: ReceivedDocument<Document> | undefined,
  { fetch, requestTimeoutMilliseconds, errors }: DocumentRequestOptions,
): Promise<ReceivedDocument<Document> | WithdrawnDocument> {
  const request = { url, method: 'GET', headers: requestHeaders }
  const headers = new Headers(requestHeaders)
  for (const [field, value] of Object.entries(known?.policy.revalidationHeaders(request) ?? {})) {
    if (typeof value === 'string') headers.set(field, value)
  }
  let response: Response
  try {
    response = await fetch(url, {
      headers,
      signal: AbortSignal.timeout(requestTimeoutMilliseconds),
      maximumBodyBytes: kind.maximumBodyBytes,
    })
  } catch (cause) {
    // A refusal by the guard does not mean that the host is down.
    throw AuthorizationServerError.is(cause) ? cause : errors.unavailable(url, cause)
  }
  const { status } = response
  const answer = { status, headers: Object.fromEntries(response.headers) }
  if (status === 304) {
    if (known === undefined) {
      throw errors.invalid(url, 'its host answered 304 to an unconditional request')
    }
    return { ...known, policy: known.policy.revalidatedPolicy(request, answer).policy }
  }
  if (status !== 200) return await withoutDocument(url, response, errors)
  const text = await textOf(kind, url, response, errors)
  const policy = new CachePolicy(request, answer, { shared: false })
  return { document: parsed(kind, url, text, errors), text, policy }
}

async function withoutDocument(
  url: string,
  response: Response,
  errors: DocumentErrors,
): Promise<WithdrawnDocument> {
  const { status } = response
  await response.body?.cancel()
  const said = `its host answered with status ${status}`
  if (status >= 500 || temporaryStatuses.has(status)) throw errors.unavailable(url, new Error(said))
  const isRedirect = status >= 300 && status < 400
  return { withdrawn: isRedirect ? `${said}; redirects are not followed` : said }
}

async function textOf(
  { name, isType, maximumBodyBytes, limitHint }: DocumentKind<unknown>,
  url: string,
  response: Response,
  errors: DocumentErrors,
): Promise<string> {
  const type = response.headers.get('content-type') ?? ''
  if (!isType(type)) {
    await response.body?.cancel()
    throw errors.invalid(url, `its content type is ${showRemote(type)} (expected JSON)`)
  }
  const chunks: Uint8Array[] = []
  try {
    const { body } = response
    if (body !== null) {
      for await (const chunk of limitedBody(body, maximumBodyBytes)) chunks.push(chunk)
    }
  } catch (cause) {
    if (!AuthorizationServerError.is(cause)) throw errors.unavailable(url, cause)
    throw new AuthorizationServerError(
      'FETCH_REFUSED',
      `Refused the ${name} at ${showRemote(url)}: it is longer than ${maximumBodyBytes} bytes. ` +
        limitHint,
      { cause },
    )
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed<Document>(
  kind: DocumentKind<Document>,
  url: string,
  text: string,
  errors: DocumentErrors,
): Document {
  try {
    return kind.parse(text, url)
  } catch (cause) {
    throw errors.invalid(url, messageOf(cause), cause)
  }
}
