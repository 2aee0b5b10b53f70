import { jsonHeaders } from '../faults.ts'
import type { Reply } from '../faults.ts'

/** Members of a form body or a query. */
export type Parameters = Readonly<Record<string, string>>

/** The response of an endpoint, with its outcome for the log. */
export interface Answer extends Reply {
  readonly outcome: string
}

export function json(status: number, body: unknown, outcome: string): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(body), outcome }
}

export function oauthError(error: string, status: number = 400): Answer {
  return json(status, { error }, error)
}

export function redirect(target: URL, outcome: string): Answer {
  return { status: 302, headers: { location: target.href }, body: '', outcome }
}
