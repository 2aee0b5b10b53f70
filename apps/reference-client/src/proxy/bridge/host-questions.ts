import { randomUUID } from 'node:crypto'
import type { Message } from '../messages/message.ts'
import { isRecord, messageFrom } from '../messages/message.ts'
import type { Deliver } from '../remote/upstream.ts'
import { commandName } from '../../names.ts'

/** Puts the questions of a server to the host as requests, as it knows them. */
export interface HostQuestions {
  /**
   * Asks everything that an `input_required` result asks for.
   *
   * @returns The members to repeat the request with
   * @throws Error if the host refuses to answer
   */
  askAll(
    required: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>>
  /** Receives a message of the host that may be an answer. */
  answer(message: Message): void
}

const methods: ReadonlySet<unknown> = new Set([
  'elicitation/create',
  'sampling/createMessage',
  'roots/list',
])

export function hostQuestions(toHost: Deliver): HostQuestions {
  const waiting = new Map<string, (message: Message) => void>()

  async function ask(question: unknown, signal: AbortSignal): Promise<unknown> {
    const method = isRecord(question) ? question['method'] : undefined
    if (!isRecord(question) || !methods.has(method)) {
      throw new Error(`the server asks for ${JSON.stringify(method)}, which hosts do not know`)
    }
    const id = `${commandName}-ask-${randomUUID()}`
    const answered = Promise.withResolvers<Message>()
    function abort(): void {
      answered.reject(signal.reason)
    }
    waiting.set(id, answered.resolve)
    signal.addEventListener('abort', abort, { once: true })
    try {
      const { params } = question
      await toHost(messageFrom({ id, method, ...(params === undefined ? {} : { params }) }))
      const { result, error } = (await answered.promise).body
      if (result !== undefined) return result
      const said = isRecord(error) ? error['message'] : undefined
      throw new Error(`the host did not answer ${String(method)}: ${JSON.stringify(said ?? '')}`)
    } finally {
      signal.removeEventListener('abort', abort)
      waiting.delete(id)
    }
  }

  return {
    async askAll({ inputRequests, requestState }, signal) {
      const asked = isRecord(inputRequests) ? Object.entries(inputRequests) : []
      const answers = await Promise.all(
        asked.map(async ([key, question]) => [key, await ask(question, signal)] as const),
      )
      return {
        ...(answers.length === 0 ? {} : { inputResponses: Object.fromEntries(answers) }),
        ...(requestState === undefined ? {} : { requestState }),
      }
    },
    answer(message) {
      if (typeof message.id === 'string') waiting.get(message.id)?.(message)
    },
  }
}
