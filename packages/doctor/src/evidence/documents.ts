import type { Exchange } from '../observations/observations.ts'
import type { DocumentEvidence, DocumentKind } from './evidence.ts'

/**
 * Reads the exchanges that looked for a document. Redirects that were followed count as one location.
 *
 * @param member - The member that identifies the document.
 */
export function readDocuments(
  exchanges: readonly Exchange[],
  member: string,
): readonly DocumentEvidence[] {
  const locations: DocumentEvidence[] = []
  let url: string | undefined
  for (const [index, exchange] of exchanges.entries()) {
    url ??= exchange.url
    const next = exchanges[index + 1]
    const target = redirectTarget(exchange)
    if (target !== undefined && next?.url === target && next.place === exchange.place) continue
    locations.push(readDocument(url, exchange, member))
    url = undefined
  }
  return locations
}

function redirectTarget({ url, answer }: Exchange): string | undefined {
  const location = answer?.headers['location']
  if (answer === undefined || answer.status < 300 || answer.status >= 400) return undefined
  if (location === undefined || !URL.canParse(location, url)) return undefined
  return new URL(location, url).href
}

function readDocument(url: string, exchange: Exchange, member: string): DocumentEvidence {
  const { answer } = exchange
  const found = (kind: DocumentKind): DocumentEvidence => ({ url, exchange, kind })
  if (answer === undefined) return found('failing')
  const { status, body, isTruncated } = answer
  if (status >= 300 && status < 400) return found('redirect')
  if (status === 429 || status >= 500) return found('failing')
  if (status !== 200) return found('missing')
  if (isTruncated) return found('too-large')
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return found(isHtml(answer) ? 'html' : 'not-json')
  }
  if (typeof value !== 'object' || value === null) return found('other-json')
  const document = value as Readonly<Record<string, unknown>>
  return {
    ...found(document[member] === undefined ? 'other-json' : 'document'),
    document,
  }
}

/** Whether an answer is a stream of events. */
export function isEventStream(exchange: Exchange | undefined): boolean {
  return (
    exchange?.answer?.status === 200 &&
    /^\s*text\/event-stream/i.test(exchange.answer.headers['content-type'] ?? '')
  )
}

/** Whether an answer is a page for humans. */
export function isHtml({ headers, body }: NonNullable<Exchange['answer']>): boolean {
  return (
    /^\s*(?:text\/html|application\/xhtml)/i.test(headers['content-type'] ?? '') ||
    /^\s*<(?:!doctype html|html)\b/i.test(body)
  )
}
