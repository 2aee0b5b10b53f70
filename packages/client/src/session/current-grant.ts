import { selectProviderProfile } from '@evergrant/core'
import type { AuthorizationServerMetadata, ProviderProfile } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import type { Observer } from '../lib/events.ts'
import type { Grant, GrantIdentity } from '../grant/grant.ts'
import type { ExchangeResult, RefreshExchange } from '../grant/refresh-exchange.ts'
import type { DpopProver } from '../protocol/dpop.ts'
import { discoverAuthorizationServer } from '../protocol/discovery.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { refreshRequest } from '../protocol/token-requests.ts'
import type { RecordStore } from '../stores/store.ts'
import type { MemoryFirstTokenManager, TokenManagerOptions } from '../grant/token-manager.ts'
import { createMemoryFirstTokenManager } from '../grant/token-manager.ts'
import { currentRegistration } from './current-registration.ts'
import type { Binding } from './records.ts'
import { bindingRecord } from './records.ts'
import { discardTokens } from './revocation.ts'

/** What every part of a session works with. */
export interface SessionContext {
  /** The MCP server, in canonical form. */
  readonly serverUrl: string
  readonly partition: string
  readonly client: ClientConfiguration
  readonly store: RecordStore
  readonly clock: Clock
  readonly http: HttpOptions
  readonly observe: Observer
  /** The provider's profile, where the one chosen by issuer does not fit. */
  readonly profile: ProviderProfile | undefined
  readonly refresh: Partial<TokenManagerOptions> | undefined
  readonly dpop: DpopProver
}

/** A server's grant, ready to be used. */
export interface Bound {
  readonly binding: Binding
  readonly manager: MemoryFirstTokenManager
}

/** Which grant serves the session's server. */
export interface CurrentGrant {
  /** What this process knows, without I/O. */
  readonly known: () => Bound | undefined
  /** What this process knows, asking the store only when it knows nothing. */
  readonly get: () => Promise<Bound | undefined>
  /** What the store says now: another process may have signed in anew. */
  readonly load: () => Promise<Bound | undefined>
  readonly managerFor: (binding: Binding) => Promise<MemoryFirstTokenManager>
  /** Makes the session, and every later one over the store, use a grant. */
  readonly use: (bound: Bound) => Promise<void>
  readonly whenIdle: () => Promise<void>
}

export function currentGrant(context: SessionContext): CurrentGrant {
  const { store, partition, serverUrl, clock, observe } = context
  let bound: Bound | undefined
  let making:
    | { readonly identity: GrantIdentity; readonly manager: Promise<MemoryFirstTokenManager> }
    | undefined

  async function load(): Promise<Bound | undefined> {
    const { value: binding } = await (await bindingRecord(store, partition, serverUrl)).read()
    if (binding === undefined) {
      bound = undefined
      return undefined
    }
    const manager = knownManager(binding) ?? (await sharedManager(binding))
    // A sign-in may have brought another one meanwhile.
    bound = { binding, manager: knownManager(binding) ?? manager }
    return bound
  }

  function knownManager(binding: Binding): MemoryFirstTokenManager | undefined {
    const known = bound?.manager
    return known !== undefined && sameIdentity(known.identity, identityOf(binding))
      ? known
      : undefined
  }

  /**
   * One manager for all callers who come while it is made. With one each, every caller of a cold
   * start would wait for the lock separately (C-51).
   */
  async function sharedManager(binding: Binding): Promise<MemoryFirstTokenManager> {
    const identity = identityOf(binding)
    if (making === undefined || !sameIdentity(making.identity, identity)) {
      making = { identity, manager: managerFor(binding) }
    }
    const { manager } = making
    try {
      return await manager
    } finally {
      if (making?.manager === manager) making = undefined
    }
  }

  async function managerFor(binding: Binding): Promise<MemoryFirstTokenManager> {
    return await createMemoryFirstTokenManager(identityOf(binding), {
      ...context.refresh,
      store,
      clock,
      observe,
      exchange: bindingExchange(binding, context),
      discard: (grant) => discardTokens(grant, binding, context),
    })
  }

  return {
    known: () => bound,
    get: async () => bound ?? (await load()),
    load,
    managerFor,
    async use(next) {
      await (await bindingRecord(store, partition, serverUrl)).put(next.binding)
      bound = next
    },
    whenIdle: async () => await bound?.manager.whenIdle(),
  }
}

/** The profile of an authorization server: the one the application gave, else by issuer. */
export function profileOf(
  context: Pick<SessionContext, 'profile'>,
  issuer: string,
): ProviderProfile {
  return context.profile ?? selectProviderProfile(issuer)
}

/** What refreshing the grant of a binding works with. */
export interface BindingExchangeContext extends Pick<
  SessionContext,
  'store' | 'clock' | 'http' | 'profile' | 'dpop'
> {
  /** Absent where nobody knows the application's configuration: then the binding has to do. */
  readonly client?: ClientConfiguration | undefined
}

/**
 * How the grant of a binding is refreshed: at its authorization server, as its client. Where there
 * is no token endpoint any more, the server's metadata says where it is by now.
 */
export function bindingExchange(
  binding: Binding,
  context: BindingExchangeContext,
): RefreshExchange {
  const { clock, http, dpop } = context
  const profile = profileOf(context, binding.authorizationServer.issuer)
  let { authorizationServer } = binding

  async function send(grant: Grant): Promise<ExchangeResult> {
    const registration = currentRegistration(binding, context.client)
    const options = { ...http, authorizationServer, registration, profile, clock, dpop }
    return seenAs(registration, await refreshRequest(grant, options))
  }

  return async (grant) => {
    const result = await send(grant)
    if (result.kind !== 'failed' || result.endpointMissing !== true) return result
    const moved = await movedServer(authorizationServer, http)
    if (moved === undefined) return result
    authorizationServer = moved
    await noteMove(binding, moved, context.store)
    // Nobody took the refresh token yet, so it is still good.
    return await send(grant)
  }
}

/** What an authorization server says about itself now, where its token endpoint is another. */
async function movedServer(
  { issuer, token_endpoint }: AuthorizationServerMetadata,
  http: HttpOptions,
): Promise<AuthorizationServerMetadata | undefined> {
  try {
    const { metadata } = await discoverAuthorizationServer(issuer, http)
    return metadata.token_endpoint === token_endpoint ? undefined : metadata
  } catch {
    // What the caller hears of is the refresh that failed; the next one to fail asks again.
    return undefined
  }
}

async function noteMove(
  binding: Binding,
  authorizationServer: AuthorizationServerMetadata,
  store: RecordStore,
): Promise<void> {
  try {
    const record = await bindingRecord(store, binding.partition, binding.serverUrl)
    await record.update((current) =>
      // Somebody may have signed in anew meanwhile, elsewhere or as another client.
      current !== undefined && sameIdentity(identityOf(current), identityOf(binding))
        ? { ...current, authorizationServer }
        : current,
    )
  } catch {
    // This process knows now, which is enough to go on; others find out as it did.
  }
}

/**
 * Only a dynamic registration is over when its server does not know it: the next sign-in makes
 * another. No sign-in replaces one that people maintain, so until they have put it right the
 * grant waits (C-53).
 */
function seenAs({ origin }: ClientRegistration, result: ExchangeResult): ExchangeResult {
  if (result.kind !== 'failed' || result.outcome !== 'registration-ended') return result
  if (origin === 'dynamic') return result
  const whatToCheck =
    origin === 'pre-registered'
      ? "check the client's secret in the configuration, and its registration at the server"
      : "check that the server can fetch the client's metadata document, and what it says"
  return { ...result, outcome: 'request-refused', detail: `${result.detail}; ${whatToCheck}` }
}

/** The grant that a binding names. */
export function identityOf(binding: Binding): GrantIdentity {
  return {
    partition: binding.partition,
    issuer: binding.authorizationServer.issuer,
    resource: binding.resource,
    clientId: binding.registration.clientId,
  }
}

function sameIdentity(one: GrantIdentity, other: GrantIdentity): boolean {
  return (
    one.partition === other.partition &&
    one.issuer === other.issuer &&
    one.resource === other.resource &&
    one.clientId === other.clientId
  )
}
