import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ClientEvent, InteractiveSignIn, RecordStore, Session } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { fileStore } from '@evergrant/client/stores/file'
import type { RunningAuthorizationServer } from '@evergrant/reference-as'
import { startAuthorizationServer } from '@evergrant/reference-as'
import type { RunningMcpServer } from '@evergrant/reference-mcp-server'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** An event for the timeline. Contains no secret. */
export type DemoEvent =
  | { readonly type: 'sign-in' }
  | { readonly type: 'call'; readonly ok: boolean; readonly error?: string }
  | { readonly type: 'event'; readonly event: ClientEvent }

/** Options of {@link startTestbed}. */
export interface TestbedOptions {
  readonly signIn: InteractiveSignIn
  /** Whether the authorization server issues refresh tokens. */
  readonly refreshTokens: 'issued' | 'never'
  /** Access tokens live this long. */
  readonly accessTokenLifetimeSeconds: number
  readonly observe?: (event: DemoEvent) => void
}

/** A real authorization server, a real MCP server, and a client with a store on disk. */
export interface Testbed extends AsyncDisposable {
  readonly session: Session
  /** Calls a tool once; failures are counted, not thrown. */
  call(tool: string, toolArguments?: Record<string, unknown>): Promise<boolean>
  tally(): Tally
}

/** Counts, each taken by the server or on the wire and not from the client's own reports. */
export interface Tally {
  /** Replaced access tokens: the distinct ones seen on the wire, minus the first. */
  readonly expiries: number
  /** Refresh requests, as the authorization server counts them. */
  readonly refreshRequests: number
  /** Codes issued, as the authorization server counts them. */
  readonly signIns: number
  /** 401 responses of the MCP server to requests with a token. */
  readonly rejectedTokens: number
  readonly calls: number
  readonly failedCalls: number
}

export async function startTestbed(options: TestbedOptions): Promise<Testbed> {
  const { observe = () => undefined, accessTokenLifetimeSeconds } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-demo-'))
  const authorizationServer = await startAuthorizationServer({
    demo: true,
    ...(options.refreshTokens === 'issued' ? {} : { preset: 'never' }),
    accessTokenLifetimeSeconds,
    databasePath: path.join(folder, 'authorization-server.sqlite'),
  })
  const mcpServer = await startMcpServer({
    authorizationServer: authorizationServer.issuer,
    // The usual clock tolerance would hide the expiry of tokens that live for seconds.
    clockToleranceSeconds: 0,
  })
  const store = await fileStore(path.join(folder, 'store'), { key: randomBytes(32) })
  const tokens = new Set<string>()
  let rejectedTokens = 0
  let calls = 0
  let failedCalls = 0

  const session = createSession(mcpServer.url, {
    store,
    client: { name: 'Evergrant demo' },
    signIn: announced(options.signIn, () => observe({ type: 'sign-in' })),
    observe: (event) => observe({ type: 'event', event }),
  })
  const onTheWire: typeof globalThis.fetch = async (input, init) => {
    const token = new Headers(init?.headers).get('authorization')
    if (token !== null) tokens.add(token)
    const response = await fetch(input, init)
    if (token !== null && response.status === 401) rejectedTokens += 1
    return response
  }
  const client = new Client(
    { name: 'evergrant-demo', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  )
  let connecting: Promise<void> | undefined

  async function call(tool: string, toolArguments: Record<string, unknown> = {}): Promise<boolean> {
    calls += 1
    try {
      const transport = new StreamableHTTPClientTransport(new URL(mcpServer.url), {
        fetch: authorizedFetch(session, { fetch: onTheWire }),
      })
      connecting ??= client.connect(transport)
      await connecting
      const result = await client.callTool({ name: tool, arguments: toolArguments })
      if (result.isError === true) throw new Error(JSON.stringify(result.content))
      observe({ type: 'call', ok: true })
      return true
    } catch (error) {
      failedCalls += 1
      observe({ type: 'call', ok: false, error: String(error) })
      return false
    }
  }

  return {
    session,
    call,
    tally() {
      const { signIns, tokenRequests } = authorizationServer.stats()
      const refreshes = Object.values(tokenRequests['refresh_token'] ?? {})
      return {
        expiries: Math.max(0, tokens.size - 1),
        refreshRequests: refreshes.reduce((sum, count) => sum + count, 0),
        signIns,
        rejectedTokens,
        calls,
        failedCalls,
      }
    },
    async [Symbol.asyncDispose]() {
      await session.whenIdle()
      await client.close()
      await close(mcpServer, authorizationServer, store)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function close(
  mcpServer: RunningMcpServer,
  authorizationServer: RunningAuthorizationServer,
  store: RecordStore,
): Promise<void> {
  await mcpServer.close()
  await authorizationServer.close()
  await store.close()
}

function announced(signIn: InteractiveSignIn, announce: () => void): InteractiveSignIn {
  return {
    kind: 'interactive',
    prepare(preferredRedirectUri) {
      announce()
      return signIn.prepare(preferredRedirectUri)
    },
  }
}
