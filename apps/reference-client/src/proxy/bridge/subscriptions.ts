import { randomUUID } from 'node:crypto'
import { isRecord, messageFrom } from '../messages/message.ts'
import type { Message } from '../messages/message.ts'
import type { Deliver, Upstream } from '../remote/upstream.ts'
import { pause, reconnectDelay } from '../remote/waiting.ts'
import { requestMeta } from './request-meta.ts'
import type { HostIdentity } from './request-meta.ts'
import { commandName } from '../../names.ts'

/** The notifications that the host expects without asking, and the resources that it subscribed to. */
export interface Subscriptions {
  open(): void
  add(uri: unknown): void
  remove(uri: unknown): void
  close(): void
}

/** What subscriptions use. */
export interface SubscriptionsOptions {
  readonly toHost: Deliver
  readonly signal: AbortSignal
}

/** Keeps one `subscriptions/listen` request open for a host that does not know it. */
export function subscriptions(
  upstream: Upstream,
  identity: HostIdentity,
  capabilities: Readonly<Record<string, unknown>>,
  { toHost, signal }: SubscriptionsOptions,
): Subscriptions {
  const uris = new Set<string>()
  let current: AbortController | undefined
  let isOpen = false

  function filter(): Readonly<Record<string, unknown>> {
    const lists = ['tools', 'prompts', 'resources'].filter((name) => {
      const capability = capabilities[name]
      return isRecord(capability) && capability['listChanged'] === true
    })
    return {
      ...Object.fromEntries(lists.map((name) => [`${name}ListChanged`, true])),
      ...(uris.size === 0 ? {} : { resourceSubscriptions: [...uris] }),
    }
  }

  async function deliver(message: Message): Promise<void> {
    const { method } = message
    if (method === undefined || method === 'notifications/subscriptions/acknowledged') return
    await toHost(withoutSubscription(message))
  }

  async function listen(own: AbortSignal): Promise<void> {
    const position = { lastEventId: undefined, retryMilliseconds: undefined }
    for (let failures = 1; !own.aborted; failures += 1) {
      const id = `${commandName}-listen-${randomUUID()}`
      const params = requestMeta({ notifications: filter() }, identity)
      const request = messageFrom({ id, method: 'subscriptions/listen', params })
      await upstream.send(request, { signal: own, deliver }).catch(() => undefined)
      await pause(reconnectDelay(position, failures), own)
    }
  }

  function restart(): void {
    current?.abort(new Error('the subscriptions changed'))
    if (!isOpen || Object.keys(filter()).length === 0) return
    current = new AbortController()
    void listen(AbortSignal.any([current.signal, signal]))
  }

  return {
    open() {
      isOpen = true
      restart()
    },
    add(uri) {
      if (typeof uri !== 'string' || uris.has(uri)) return
      uris.add(uri)
      restart()
    },
    remove(uri) {
      if (typeof uri === 'string' && uris.delete(uri)) restart()
    },
    close() {
      isOpen = false
      current?.abort(new Error('the proxy ends'))
    },
  }
}

/** The host does not know the subscription. */
function withoutSubscription(message: Message): Message {
  const { params } = message.body
  const meta = isRecord(params) ? params['_meta'] : undefined
  if (!isRecord(params) || !isRecord(meta)) return message
  const { 'io.modelcontextprotocol/subscriptionId': _own, ...others } = meta
  const { _meta, ...rest } = params
  const kept = Object.keys(others).length === 0 ? rest : { ...rest, _meta: others }
  return messageFrom({ ...message.body, params: kept })
}
