import type {
  ProtectedServer,
  ProtectedServerOptions,
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
  VirtualClock,
} from '@evergrant/test-kit'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import { headlessSignIn } from '../../src/headless.ts'
import type { ClientEvent, RecordStore, Session, SessionOptions, SignIn } from '../../src/index.ts'
import { createSession } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

/** An authorization server, a resource, and sessions over one store. */
export interface Scene extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly as: ScriptedAuthorizationServer
  readonly server: ProtectedServer
  readonly store: RecordStore
  readonly events: ClientEvent[]
  /** How often an authorization page was opened. */
  signIns(): number
  /** @param url - Default: the MCP server of the scene. */
  session(options?: Partial<SessionOptions>, url?: string): Session
}

export async function scene(
  options: {
    readonly as?: ScriptedAuthorizationServerOptions
    readonly server?: ProtectedServerOptions
  } = {},
): Promise<Scene> {
  const clock = virtualClock(Math.floor(Date.now() / 1000))
  const as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: 1000,
    ...options.as,
  })
  const server = await startProtectedServer(as, {
    clock,
    scopesSupported: ['mcp:read'],
    ...options.server,
  })
  const store = memoryStore({ clock })
  const events: ClientEvent[] = []
  let signIns = 0
  const headless = headlessSignIn()
  const counting: SignIn = {
    kind: 'interactive',
    prepare(preferred) {
      signIns += 1
      return headless.prepare(preferred)
    },
  }
  return {
    clock,
    as,
    server,
    store,
    events,
    signIns: () => signIns,
    session: (more = {}, url = server.resource) =>
      createSession(url, {
        store,
        clock,
        client: { name: 'test client' },
        signIn: counting,
        observe: (event) => events.push(event),
        ...more,
      }),
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}
