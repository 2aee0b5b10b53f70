import { randomUUID } from 'node:crypto'
import { version } from '../../lib/version.ts'
import type { Message, RequestMessage } from '../messages/message.ts'
import { isRecord, isResponseTo, messageFrom, paramsOf } from '../messages/message.ts'
import type { Deliver, SendOptions, Upstream } from '../remote/upstream.ts'
import { sentenceOf } from './describe-error.ts'
import { SignInPendingError } from '../sign-in/pending-sign-in.ts'
import { commandName, displayName } from '../../names.ts'

/** The `initialize` handshake of protocol versions before 2026-07-28, with the host and the server. */
export interface Handshake {
  /** Answers the host's `initialize`: with the server's response, or without it until the user signs in. */
  initialize(request: RequestMessage, options: SendOptions): Promise<void>
  /** Passes on the host's `notifications/initialized`. */
  initialized(message: Message, signal: AbortSignal): Promise<void>
  /**
   * Resolves when the server has completed the handshake, if the host has started it.
   *
   * @throws The error of the handshake with the server
   */
  whenReady(signal: AbortSignal): Promise<void>
  /** Starts another session with the server. The host does not notice. Concurrent calls share it. */
  renew(signal: AbortSignal): Promise<void>
  /** How many sessions the server has started. */
  sessions(): number
  /** Completes a handshake that waits for the user. */
  resume(): void
  /** Whether the server has completed the handshake. */
  isReady(): boolean
}

/** What a handshake uses. */
export interface HandshakeOptions {
  readonly upstream: Upstream
  /** Writes a message to the host. */
  readonly toHost: Deliver
  /** Receives messages of the server that are not part of the handshake. */
  readonly deliver: Deliver
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

/** Versions that the host gets confirmed while the server cannot be asked. */
const knownVersions: ReadonlySet<unknown> = new Set([
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
])
const latestVersion = '2025-11-25'

interface State {
  /** The host's request, to repeat it. */
  request: RequestMessage | undefined
  initialized: Message | undefined
  /** Whether the server has answered `initialize` in the current session. */
  isReady: boolean
  sessions: number
  /** The host got an answer of the proxy, so it must hear of the lists of the server. */
  answeredForServer: boolean
  renewing: Promise<void> | undefined
  /** The host's `initialize` under way. Later messages belong to the session that it starts. */
  starting: Promise<void> | undefined
}

export function handshake(options: HandshakeOptions): Handshake {
  const { upstream, toHost, say } = options
  const state: State = {
    request: undefined,
    initialized: undefined,
    isReady: false,
    sessions: 0,
    answeredForServer: false,
    renewing: undefined,
    starting: undefined,
  }

  function noteResult(response: Message): Readonly<Record<string, unknown>> | undefined {
    const { result } = response.body
    if (!isRecord(result)) return undefined
    state.isReady = true
    state.sessions += 1
    if (typeof result['protocolVersion'] === 'string') {
      upstream.negotiated(result['protocolVersion'])
    }
    return isRecord(result['capabilities']) ? result['capabilities'] : {}
  }

  function initialize(request: RequestMessage, sending: SendOptions): Promise<void> {
    state.request = request
    const starting = start(request, sending)
    state.starting = starting.catch(() => undefined).finally(() => (state.starting = undefined))
    return starting
  }

  async function start(request: RequestMessage, sending: SendOptions): Promise<void> {
    try {
      await upstream.send(request, {
        ...sending,
        async deliver(message) {
          if (isResponseTo(message, request.id)) noteResult(message)
          await sending.deliver(message)
        },
      })
    } catch (error) {
      if (!(error instanceof SignInPendingError)) throw error
      state.answeredForServer = true
      await sending.deliver(answerForServer(request, sentenceOf(error.instruction)))
    }
  }

  /** The handshake with the server alone. */
  async function repeat(signal: AbortSignal): Promise<void> {
    const { request } = state
    if (request === undefined) return
    state.isReady = false
    upstream.reset()
    const own = messageFrom({
      id: `${commandName}-${randomUUID()}`,
      method: 'initialize',
      params: request.body['params'],
    }) as RequestMessage
    let capabilities: Readonly<Record<string, unknown>> | undefined
    let refusal: unknown
    await upstream.send(own, {
      signal,
      async deliver(message) {
        if (!isResponseTo(message, own.id)) return await options.deliver(message)
        capabilities = noteResult(message)
        refusal = message.body['error']
      },
    })
    if (capabilities === undefined) {
      throw new Error(`the server refused initialize: ${JSON.stringify(refusal).slice(0, 200)}`)
    }
    await confirm(signal)
    await announceLists(capabilities, state.answeredForServer, toHost)
    state.answeredForServer = false
  }

  /** Tells the server that the handshake is complete, and opens its stream. */
  async function confirm(signal: AbortSignal): Promise<void> {
    if (state.initialized === undefined) return
    await upstream.send(state.initialized, { signal, deliver: options.deliver })
    upstream.listen()
  }

  function renew(signal: AbortSignal): Promise<void> {
    state.renewing ??= repeat(signal).finally(() => (state.renewing = undefined))
    return state.renewing
  }

  return {
    initialize,
    async initialized(message, signal) {
      await state.starting
      state.initialized = message
      // Otherwise it follows the handshake with the server.
      if (state.isReady) await confirm(signal)
    },
    async whenReady(signal) {
      await state.starting
      if (state.request === undefined || state.isReady) return
      // The host has its answer, so only the server's part is missing: it waits for the user, or the
      // server failed when another session was started.
      const hasAnswer = state.answeredForServer || state.sessions > 0
      if (hasAnswer || state.renewing !== undefined) await renew(signal)
    },
    renew,
    sessions: () => state.sessions,
    isReady: () => state.isReady,
    resume() {
      if (!state.answeredForServer || state.isReady) return
      void renew(options.signal).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown reason'
        say(`You are signed in, but the MCP server did not start a session: ${reason}.`)
      })
    },
  }
}

/** The lists may differ from what the host knows. */
async function announceLists(
  capabilities: Readonly<Record<string, unknown>>,
  answeredForServer: boolean,
  toHost: Deliver,
): Promise<void> {
  for (const list of ['tools', 'prompts', 'resources']) {
    const capability = capabilities[list]
    const announces = isRecord(capability) && capability['listChanged'] === true
    if (!announces && !(answeredForServer && capability !== undefined)) continue
    await toHost(messageFrom({ method: `notifications/${list}/list_changed` }))
  }
}

/**
 * A host gives up on a server that does not answer `initialize`, often within 30 s. So the host gets an
 * answer, its requests fail with the sign-in URL, and it hears of the lists when the user has signed in.
 */
function answerForServer(request: RequestMessage, instruction: string): Message {
  const requested = paramsOf(request)['protocolVersion']
  return messageFrom({
    id: request.id,
    result: {
      protocolVersion: knownVersions.has(requested) ? requested : latestVersion,
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true },
      },
      serverInfo: { name: commandName, title: `${displayName} proxy (sign-in required)`, version },
      instructions: `The user must sign in, and until then every request fails. ${instruction}, then try again.`,
    },
  })
}
