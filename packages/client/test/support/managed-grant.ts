import { classifyTokenError, parseTokenResponse } from '@evergrant/core'
import type {
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
  VirtualClock,
} from '@evergrant/test-kit'
import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import type {
  ClientEvent,
  GrantIdentity,
  RecordStore,
  RefreshExchange,
  TokenManager,
  TokenManagerOptions,
} from '../../src/index.ts'
import { createTokenManager } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

export const resource = 'https://mcp.test/mcp'

/** Refreshes with plain `fetch`, so that these tests depend on the transaction only. */
export function plainExchange(tokenEndpoint: string): RefreshExchange {
  return async (grant) => {
    let response: Response
    let body: string
    try {
      response = await fetch(tokenEndpoint, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: grant.tokenSet?.refreshToken ?? '',
          client_id: grant.identity.clientId,
          resource: grant.identity.resource,
        }),
      })
      body = await response.text()
    } catch {
      return { kind: 'failed', outcome: 'transient', detail: 'no answer', answered: false }
    }
    if (response.ok && body.startsWith('{')) {
      return { kind: 'tokens', response: parseTokenResponse(JSON.parse(body)) }
    }
    const decision = classifyTokenError(
      {
        status: response.status,
        contentType: response.headers.get('content-type'),
        body,
        retryAfter: response.headers.get('retry-after'),
      },
      { during: 'refresh' },
    )
    if (decision.outcome === 'use-dpop-nonce') throw new Error('these tests do not use DPoP')
    return {
      kind: 'failed',
      outcome: decision.outcome,
      detail: decision.explanation,
      oauthError: decision.oauthError,
      retryAfterSeconds: decision.outcome === 'transient' ? decision.retryAfterSeconds : undefined,
      unexplained: decision.reason === 'empty-bad-request',
      answered: true,
    }
  }
}

/** A signed-in grant at a scripted authorization server, and managers for it. */
export interface ManagedGrant {
  readonly identity: GrantIdentity
  readonly events: ClientEvent[]
  /** A new manager, like that of another process over the same store. */
  manager(options?: Partial<TokenManagerOptions>): Promise<TokenManager>
}

export async function signedInGrant(
  as: ScriptedAuthorizationServer,
  store: RecordStore,
  clock: VirtualClock,
  options: { readonly scope?: string } = {},
): Promise<ManagedGrant> {
  const identity: GrantIdentity = {
    partition: 'default',
    issuer: as.issuer,
    resource,
    clientId: 'client-1',
  }
  const scope = options.scope ?? 'mcp:read offline_access'
  const issued = await as.issueGrant({ clientId: identity.clientId, scope, resource })
  const events: ClientEvent[] = []
  async function manager(more: Partial<TokenManagerOptions> = {}): Promise<TokenManager> {
    return await createTokenManager(identity, {
      store,
      clock,
      exchange: plainExchange(as.tokenEndpoint),
      observe: (event) => events.push(event),
      ...more,
    })
  }
  const first = await manager()
  await first.saveSignIn({
    tokenSet: {
      accessToken: issued.accessToken,
      tokenType: 'Bearer',
      issuedAtEpochSeconds: clock.nowEpochSeconds(),
      expiresAtEpochSeconds: clock.nowEpochSeconds() + issued.expiresInSeconds,
      refreshToken: issued.refreshToken,
      scope,
    },
    requestedScope: scope,
  })
  return { identity, events, manager }
}

export const lifetimeSeconds = 1000

/** A scripted authorization server and a signed-in grant over a memory store. */
export interface ManagedScene extends ManagedGrant, AsyncDisposable {
  readonly clock: VirtualClock
  readonly as: ScriptedAuthorizationServer
  readonly store: RecordStore
}

export async function managedScene(
  options: ScriptedAuthorizationServerOptions = {},
): Promise<ManagedScene> {
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({
    accessTokenLifetimeSeconds: lifetimeSeconds,
    clients: [{ clientId: 'client-1' }],
    ...options,
  })
  const store = memoryStore({ clock })
  const grant = await signedInGrant(as, store, clock)
  return { clock, as, store, ...grant, [Symbol.asyncDispose]: () => as.close() }
}
