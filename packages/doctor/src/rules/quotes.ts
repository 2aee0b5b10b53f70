import { cleanRemoteText, showRemote } from '@evergrant/core'
import type { DocumentEvidence } from '../evidence/evidence.ts'
import type { Exchange } from '../observations/observations.ts'
import type { Quote } from './rule.ts'

/** The request line, the status and the content type of an exchange. */
export function quoteExchange(exchange: Exchange, detail?: string): Quote {
  const { method, url, answer, failure } = exchange
  const outcome =
    answer === undefined
      ? `no answer (${failure?.code ?? failure?.reason ?? 'unknown'})`
      : `status ${answer.status}, ${showRemote(answer.headers['content-type'] ?? 'no content type', 80)}`
  return { url, text: `${method} ${url}: ${outcome}${detail === undefined ? '' : `; ${detail}`}` }
}

/** A header of an answer. */
export function quoteHeader({ url, answer }: Exchange, name: string): Quote {
  const value = answer?.headers[name]
  return {
    url,
    text:
      value === undefined ? `no ${name} header` : `${name}: ${cleanRemoteText(value, 400) ?? ''}`,
  }
}

/** A member of a document. */
export function quoteMember({ url, document }: DocumentEvidence, member: string): Quote {
  const value = document?.[member]
  return {
    url,
    text: value === undefined ? `no member ${member}` : `${member}: ${showRemote(value, 300)}`,
  }
}

/** What a location of metadata answered. */
export function quoteLocation(location: DocumentEvidence): Quote {
  const { exchange, kind } = location
  const target = exchange.answer?.headers['location']
  const detail = {
    document: 'the document',
    'other-json': 'JSON that is not such a document',
    html: 'an HTML page',
    'not-json': 'not JSON',
    redirect: `a redirect to ${showRemote(target, 200)}`,
    missing: 'no document',
    failing: 'the server fails',
    'too-large': 'a body over the limit of 256 KiB',
  }[kind]
  return quoteExchange(exchange, detail)
}
