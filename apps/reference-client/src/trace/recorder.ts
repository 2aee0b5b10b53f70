import type { ClientEvent } from '@evergrant/client'
import { createRedactor } from '@evergrant/client'
import { decisionOf } from './decisions.ts'
import {
  answerOf,
  deviceCodeRequest,
  hiddenText,
  questionOf,
  secretsIn,
  textStart,
} from './exchange-text.ts'

/** A request and its answer, as text without the secrets that have a name. */
export interface TracedRequest {
  readonly kind: 'request'
  readonly atMilliseconds: number
  readonly origin: string
  /** `POST /token`. */
  readonly line: string
  /** What the request is for, with the requirements that it follows from. */
  readonly purpose: string
  readonly requirements: readonly string[]
  readonly question: string
  /** `200`, or why there was no answer. */
  result: string
  answer: string
  /** Absent if there was no answer before the end. */
  durationMilliseconds?: number
}

/** What the program decided or observed. */
export interface TracedDecision {
  readonly kind: 'decision'
  readonly atMilliseconds: number
  readonly text: string
  readonly requirements: readonly string[]
}

export type TraceEntry = TracedRequest | TracedDecision

/** What was recorded, with everything that removes secrets from it. */
export interface Recording {
  readonly entries: readonly TraceEntry[]
  /** More was recorded than is kept. */
  readonly isTruncated: boolean
  /** Removes the secrets that servers sent. */
  readonly redact: (text: string) => string
}

/** Records what a command does, for `--trace`. */
export interface TraceRecorder {
  /** Makes a `fetch` that records every request and its answer. */
  readonly recording: (send: typeof globalThis.fetch) => typeof globalThis.fetch
  /** Records an event of a session. */
  event(event: ClientEvent): void
  /** Records a decision, with the requirements that it follows from. */
  decision(text: string, requirements: readonly string[]): void
  /**
   * Records why a sign-in requested what it did, before the request: the decisions are known when the
   * sign-in is finished.
   */
  explainSignIn(decisions: readonly Pick<TracedDecision, 'text' | 'requirements'>[]): void
  /** Waits for the answers that are still being read. */
  read(): Promise<Recording>
}

/** A command that repeats a call for hours must not fill the memory. */
const mostEntries = 2000
/** The documents of OAuth are a few KiB long. */
const longestAnswerBytes = 64 * 1024

export function createTraceRecorder(): TraceRecorder {
  const startedAt = performance.now()
  const entries: TraceEntry[] = []
  const secrets = new Set<string>()
  const reading = new Set<Promise<void>>()
  let isTruncated = false

  function add(entry: TraceEntry): void {
    if (entries.length < mostEntries) entries.push(entry)
    else isTruncated = true
  }

  function elapsed(): number {
    return performance.now() - startedAt
  }

  function decision(text: string, requirements: readonly string[]): void {
    add({ kind: 'decision', atMilliseconds: elapsed(), text, requirements })
  }

  async function readAnswer(entry: TracedRequest, response: Response): Promise<void> {
    const type = response.headers.get('content-type') ?? ''
    const body = /\bjson\b/.test(type) ? await textStart(response.clone(), longestAnswerBytes) : ''
    for (const secret of secretsIn(body, response.headers.get('location'))) secrets.add(secret)
    entry.answer = answerOf(response, body)
  }

  return {
    decision,
    event(event) {
      const found = decisionOf(event)
      if (found !== undefined) decision(found.text, found.requirements)
    },
    explainSignIn(decisions) {
      const index = entries.findLastIndex((entry) => startsSignIn(entry))
      const at = index === -1 ? entries.length : index
      const atMilliseconds = entries[index]?.atMilliseconds ?? elapsed()
      entries.splice(
        at,
        0,
        ...decisions.map((one) => ({ kind: 'decision' as const, atMilliseconds, ...one })),
      )
    },
    recording: (send) => async (input, init) => {
      const atMilliseconds = elapsed()
      const url = new URL(input instanceof Request ? input.url : String(input))
      const entry: TracedRequest = {
        kind: 'request',
        atMilliseconds,
        origin: url.origin,
        ...questionOf(url, input instanceof Request ? input : init),
        result: 'no answer',
        answer: '',
      }
      add(entry)
      try {
        const response = await send(input, init)
        entry.result = String(response.status)
        entry.durationMilliseconds = elapsed() - atMilliseconds
        const done = readAnswer(entry, response)
          // The caller gets the error of the body.
          .catch(() => undefined)
          .finally(() => reading.delete(done))
        reading.add(done)
        return response
      } catch (error) {
        entry.durationMilliseconds = elapsed() - atMilliseconds
        entry.result = error instanceof Error ? `failed: ${hiddenText(error.message)}` : 'failed'
        throw error
      }
    },
    async read() {
      await Promise.all(reading)
      return { entries, isTruncated, redact: createRedactor(secrets) }
    },
  }
}

/** Whether an entry is the request that the user answers. */
function startsSignIn(entry: TraceEntry): boolean {
  return (
    entry.requirements.includes('C-36') ||
    (entry.kind === 'request' && entry.purpose === deviceCodeRequest)
  )
}
