import { randomUUID } from 'node:crypto'
import type { Message, RequestMessage } from '../messages/message.ts'
import { isRecord, isRequest, isResponseTo, messageFrom, paramsOf } from '../messages/message.ts'
import { rpcErrorIn } from '../messages/rpc-errors.ts'
import { statedVersion } from '../remote/request-headers.ts'
import type { Deliver, SendOptions, Upstream } from '../remote/upstream.ts'
import { HttpStatusError } from '../remote/upstream.ts'
import { hostQuestions } from './host-questions.ts'
import type { HostQuestions } from './host-questions.ts'
import { modernVersion, requestMeta } from './request-meta.ts'
import type { HostIdentity } from './request-meta.ts'
import { subscriptions } from './subscriptions.ts'
import type { Subscriptions } from './subscriptions.ts'
import { commandName } from '../../names.ts'

/** What a bridge uses. */
export interface VersionBridgeOptions {
  /** Writes a message to the host. */
  readonly toHost: Deliver
  readonly signal: AbortSignal
}

/** How often the server may ask the host during one request. */
const maximumRounds = 10

interface Bridged {
  readonly identity: HostIdentity
  readonly subscriptions: Subscriptions
}

/**
 * Connects a host of an earlier protocol version to a server that has only 2026-07-28. The server is
 * asked only after it refused `initialize`, so servers of both versions cost nothing.
 *
 * @see MCP 2026-07-28, Versioning: Compatibility Matrix
 */
export function versionBridge(upstream: Upstream, options: VersionBridgeOptions): Upstream {
  const questions = hostQuestions(options.toHost)
  let bridged: Bridged | undefined

  async function initialize(request: RequestMessage, sending: SendOptions): Promise<void> {
    try {
      await upstream.send(request, sending)
    } catch (error) {
      if (!isModernRefusal(error)) throw error
      await discover(request, sending)
    }
  }

  async function discover(request: RequestMessage, sending: SendOptions): Promise<void> {
    const params = paramsOf(request)
    const identity: HostIdentity = {
      clientInfo: params['clientInfo'],
      capabilities: isRecord(params['capabilities']) ? params['capabilities'] : {},
      logLevel: undefined,
    }
    const id = `${commandName}-${randomUUID()}`
    const asked = messageFrom({ id, method: 'server/discover', params: requestMeta({}, identity) })
    await upstream.send(asked, {
      ...sending,
      async deliver(message) {
        const { result } = message.body
        if (!isResponseTo(message, id) || !isRecord(result)) {
          await sending.deliver(messageFrom({ ...message.body, id: request.id }))
          return
        }
        const capabilities = isRecord(result['capabilities']) ? result['capabilities'] : {}
        bridged = {
          identity,
          subscriptions: subscriptions(upstream, identity, capabilities, options),
        }
        await sending.deliver(initializeResult(request, result, capabilities))
      },
    })
  }

  async function sendBridged(
    message: Message,
    { identity, subscriptions: listening }: Bridged,
    sending: SendOptions,
  ): Promise<void> {
    // Notifications of the host have no counterpart: to cancel, the relay ends the request's stream.
    if (!isRequest(message)) {
      sending.onAccepted?.()
      questions.answer(message)
      return
    }
    if (answersItself(message, identity, listening)) {
      sending.onAccepted?.()
      await sending.deliver(messageFrom({ id: message.id, result: {} }))
      return
    }
    await sendWithRounds(message, identity, sending, { upstream, questions })
  }

  return {
    ...upstream,
    send(message, sending) {
      if (statedVersion(message) !== undefined) return upstream.send(message, sending)
      if (bridged !== undefined) return sendBridged(message, bridged, sending)
      return message.method === 'initialize' && isRequest(message)
        ? initialize(message, sending)
        : upstream.send(message, sending)
    },
    listen() {
      if (bridged === undefined) upstream.listen()
      else bridged.subscriptions.open()
    },
    async close(signal) {
      bridged?.subscriptions.close()
      await upstream.close(signal)
    },
  }
}

/** A server of 2026-07-28 refuses `initialize` with an error that names its versions. */
function isModernRefusal(error: unknown): boolean {
  if (!(error instanceof HttpStatusError)) return false
  const refusal = rpcErrorIn(error.text)
  if (refusal === undefined) return false
  const supported = isRecord(refusal.data) ? refusal.data['supported'] : undefined
  const isReserved = refusal.code <= -32_020 && refusal.code >= -32_099
  return isReserved || (Array.isArray(supported) && supported.includes(modernVersion))
}

const knownVersions: ReadonlySet<unknown> = new Set(['2025-03-26', '2025-06-18', '2025-11-25'])

function initializeResult(
  request: RequestMessage,
  result: Readonly<Record<string, unknown>>,
  capabilities: Readonly<Record<string, unknown>>,
): Message {
  const requested = paramsOf(request)['protocolVersion']
  const meta = isRecord(result['_meta']) ? result['_meta'] : {}
  const { instructions } = result
  return messageFrom({
    id: request.id,
    result: {
      protocolVersion: knownVersions.has(requested) ? requested : '2025-11-25',
      capabilities,
      serverInfo: meta['io.modelcontextprotocol/serverInfo'] ?? { name: 'server', version: '0' },
      ...(instructions === undefined ? {} : { instructions }),
    },
  })
}

/** Requests that 2026-07-28 does not have any more. */
function answersItself(
  { method, body }: RequestMessage,
  identity: HostIdentity,
  listening: Subscriptions,
): boolean {
  const params = isRecord(body['params']) ? body['params'] : {}
  switch (method) {
    case 'ping':
      return true
    case 'logging/setLevel':
      identity.logLevel = params['level']
      return true
    case 'resources/subscribe':
      listening.add(params['uri'])
      return true
    case 'resources/unsubscribe':
      listening.remove(params['uri'])
      return true
    default:
      return false
  }
}

/** Sends a request. If the server asks for input, asks the host and sends the request with the answers. */
async function sendWithRounds(
  request: RequestMessage,
  identity: HostIdentity,
  sending: SendOptions,
  { upstream, questions }: { readonly upstream: Upstream; readonly questions: HostQuestions },
): Promise<void> {
  let more: Readonly<Record<string, unknown>> = {}
  for (let round = 0; round < maximumRounds; round += 1) {
    let required: Readonly<Record<string, unknown>> | undefined
    const params = requestMeta({ ...paramsOf(request), ...more }, identity)
    const message = messageFrom({ id: request.id, method: request.method, params })
    await upstream.send(message, {
      ...sending,
      async deliver(one) {
        const { result } = one.body
        const asks = isRecord(result) && result['resultType'] === 'input_required'
        if (isResponseTo(one, request.id) && asks) required = result
        else await sending.deliver(one)
      },
    })
    if (required === undefined) return
    more = await questions.askAll(required, sending.signal)
  }
  throw new Error(`the server asked for input more than ${maximumRounds} times`)
}
