import { parseAuthorizationServerMetadata } from '@evergrant/core/metadata'
import type {
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
  VirtualClock,
} from '@evergrant/test-kit'
import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import type { ClientEvent, Grant, RecordStore } from '../../src/index.ts'
import { createTokenManager } from '../../src/index.ts'
import type { RefreshWorkerEvent } from '../../src/refresh-worker.ts'
import { bindingExchange } from '../../src/session/binding-exchange.ts'
import { profileChooser } from '../../src/session/provider-profile.ts'
import type { Binding } from '../../src/session/records.ts'
import { bindingRecord, identityOf } from '../../src/session/records.ts'
import { dpopProver } from '../../src/protocol/dpop-prover.ts'
import { memoryStore } from '../../src/stores/memory.ts'

export const lifetimeSeconds = 1000

/** The stored sign-in of one user. */
export interface UserGrant {
  readonly partition: string
  /** The grant at the authorization server. */
  readonly grantId: string
  /** The first refresh token. */
  readonly refreshToken: string
  read(): Promise<Grant | undefined>
}

/** Many users of one host, each signed in to one MCP server. */
export interface ManyGrants extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly as: ScriptedAuthorizationServer
  readonly store: RecordStore
  readonly events: (ClientEvent | RefreshWorkerEvent)[]
  readonly observe: (event: ClientEvent | RefreshWorkerEvent) => void
  signIn(partition: string): Promise<UserGrant>
}

export async function manyGrants(
  options: ScriptedAuthorizationServerOptions = {},
  shared?: RecordStore,
): Promise<ManyGrants> {
  const clock = virtualClock()
  const store = shared ?? memoryStore({ clock })
  const as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: lifetimeSeconds,
    clients: [{ clientId: 'client-1' }],
    rotation: 'rotate',
    familyRevocation: true,
    ...options,
  })
  const events: (ClientEvent | RefreshWorkerEvent)[] = []
  const document = await fetch(`${as.issuer}/.well-known/oauth-authorization-server`)
  const { metadata } = parseAuthorizationServerMetadata(await document.json(), as.issuer)
  const resource = 'https://mcp.test/mcp'

  async function signIn(partition: string): Promise<UserGrant> {
    const binding: Binding = {
      serverUrl: resource,
      partition,
      resource,
      authorizationServer: metadata,
      registration: {
        issuer: as.issuer,
        clientId: 'client-1',
        tokenEndpointAuthMethod: 'none',
        origin: 'pre-registered',
      },
    }
    const scope = 'mcp:read offline_access'
    const issued = await as.issueGrant({ clientId: 'client-1', scope, resource })
    const refreshToken = issued.refreshToken ?? ''
    await (await bindingRecord(store, partition, resource)).put(binding)
    const http = { fetch: undefined, requestTimeoutMilliseconds: undefined }
    const dpop = dpopProver()
    const manager = await createTokenManager(identityOf(binding), {
      store,
      clock,
      exchange: bindingExchange(binding, {
        store,
        clock,
        http,
        dpop,
        profileOf: profileChooser(undefined),
      }),
    })
    await manager.saveSignIn({
      serverUrl: resource,
      tokenSet: {
        accessToken: issued.accessToken,
        tokenType: 'Bearer',
        issuedAtEpochSeconds: clock.nowEpochSeconds(),
        expiresAtEpochSeconds: clock.nowEpochSeconds() + issued.expiresInSeconds,
        refreshToken,
        scope,
      },
      requestedScope: scope,
    })
    return { partition, grantId: issued.grantId, refreshToken, read: () => manager.read() }
  }

  return {
    clock,
    as,
    store,
    events,
    observe: (event) => events.push(event),
    signIn,
    [Symbol.asyncDispose]: () => as.close(),
  }
}
