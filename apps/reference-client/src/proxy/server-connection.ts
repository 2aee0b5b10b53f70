import { createRedactor } from '@evergrant/client'
import type { Redactor } from '@evergrant/client'
import type { Surroundings } from '../connection/surroundings.ts'
import type { ProxySettings } from './flags/settings.ts'
import { clientOfFetch } from './remote/http.ts'
import type { HttpClient } from './remote/http.ts'
import { nodeHttpClient } from './remote/node-http.ts'
import { followingRedirects } from './remote/redirects.ts'
import type { OpenedSession, SessionEvents } from './sign-in/open-session.ts'

/** Sends requests to the MCP server, with a token if one is needed. */
export interface ServerConnection {
  readonly send: HttpClient
  /** Removes the credentials that were sent to the server from a text. */
  readonly redact: (text: string) => string
  close(): Promise<void>
}

/** Opens the connection. The session is opened with the first request, and again if that fails. */
export function serverConnection(
  settings: ProxySettings,
  surroundings: Surroundings,
  events: SessionEvents,
): ServerConnection {
  const { serverUrl, headers, signIn } = settings
  const direct = nodeHttpClient({
    ...settings.limits,
    ipv4Only: settings.ipv4Only,
    cookies: settings.cookies,
  })
  // `node:http` of older versions has no proxies.
  // Only `fetch` is recorded in a trace.
  const usesFetch =
    surroundings.trace !== undefined || usesProxy(serverUrl, surroundings.environment.env)
  const client = usesFetch ? clientOfFetch(surroundings.fetch) : direct.send
  const sent = sentSecrets(Object.values(headers))
  const withHeaders: HttpClient = (request) => {
    sent.note(request.headers['authorization'])
    return client({ ...request, headers: { ...headers, ...request.headers } })
  }
  const redact = (text: string): string => surroundings.redact(sent.redact(text))
  if (signIn === undefined) {
    return {
      send: followingRedirects(withHeaders),
      redact,
      close: () => Promise.resolve(direct.close()),
    }
  }
  let opened: Promise<OpenedSession> | undefined
  let sender: Promise<HttpClient> | undefined

  async function open(): Promise<HttpClient> {
    const [{ openSession }, { authorizedSender }] = await Promise.all([
      import('./sign-in/open-session.ts'),
      import('./sign-in/authorized-sender.ts'),
    ])
    if (signIn === undefined) return withHeaders
    opened = openSession(serverUrl, signIn, surroundings, events)
    const { session } = await opened
    return authorizedSender(withHeaders, session)
  }

  function prepared(): Promise<HttpClient> {
    sender ??= open().catch((error: unknown) => {
      sender = undefined
      opened = undefined
      throw error
    })
    return sender
  }

  // While the host prepares its first message. An error is reported to its request.
  prepared().catch(() => undefined)
  return {
    send: async (request) => await (await prepared())(request),
    redact,
    async close() {
      await (await opened?.catch(() => undefined))?.close()
      direct.close()
    },
  }
}

/** Only the latest tokens can still be echoed. */
const maximumTokens = 8
/** A shorter value is part of ordinary words. */
const shortestSecret = 8

/** The credentials that go to the MCP server: the given headers, and the latest tokens. */
function sentSecrets(values: readonly string[]): {
  note(authorization: string | undefined): void
  redact(text: string): string
} {
  const given = values.flatMap((value) => [value, value.replace(/^\w+ /, '')])
  const secrets = given.filter((value) => value.length >= shortestSecret)
  const tokens: string[] = []
  let last: string | undefined
  let redactor: Redactor | undefined
  return {
    note(authorization) {
      if (authorization === undefined || authorization === last) return
      last = authorization
      tokens.push(authorization.replace(/^\w+ /, ''))
      if (tokens.length > maximumTokens) tokens.shift()
      redactor = undefined
    },
    redact: (text) => (redactor ??= createRedactor([...secrets, ...tokens]))(text),
  }
}

function usesProxy(serverUrl: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const { protocol, hostname } = new URL(serverUrl)
  const names =
    protocol === 'https:'
      ? ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']
      : ['http_proxy', 'HTTP_PROXY']
  if (!names.some((name) => (env[name] ?? '') !== '')) return false
  return !/^(?:localhost|127\.|\[::1\])/.test(hostname)
}
