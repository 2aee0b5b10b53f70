import { selectProviderProfile } from '@evergrant/core'
import type { ProviderProfile } from '@evergrant/core'
import type { Clock } from '../clock.ts'
import type { Observer } from '../events.ts'
import type { GrantIdentity } from '../grant/grant.ts'
import type { RefreshExchange } from '../grant/refresh-transaction.ts'
import type { DpopProver } from '../protocol/dpop.ts'
import type { HttpOptions } from '../protocol/http.ts'
import { refreshRequest } from '../protocol/token-requests.ts'
import type { RecordStore } from '../store.ts'
import type { MemoryFirstTokenManager, TokenManagerOptions } from '../token-manager.ts'
import { createMemoryFirstTokenManager } from '../token-manager.ts'
import type { Binding } from './records.ts'
import { bindingRecord } from './records.ts'
import { discardTokens } from './revocation.ts'

/** What every part of a session works with. */
export interface SessionContext {
  /** The MCP server, in canonical form. */
  readonly serverUrl: string
  readonly partition: string
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
  readonly idle: () => Promise<void>
}

export function currentGrant(context: SessionContext): CurrentGrant {
  const { store, partition, serverUrl, clock, observe } = context
  let bound: Bound | undefined

  async function load(): Promise<Bound | undefined> {
    const { value: binding } = await (await bindingRecord(store, partition, serverUrl)).read()
    if (binding === undefined) bound = undefined
    else if (bound === undefined || !sameIdentity(bound.manager.identity, identityOf(binding))) {
      bound = { binding, manager: await managerFor(binding) }
    }
    return bound
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
    idle: async () => await bound?.manager.idle(),
  }
}

/** The profile of an authorization server: the one the application gave, else by issuer. */
export function profileOf(
  context: Pick<SessionContext, 'profile'>,
  issuer: string,
): ProviderProfile {
  return context.profile ?? selectProviderProfile(issuer)
}

/** How the grant of a binding is refreshed: at its authorization server, as its client. */
export function bindingExchange(
  binding: Binding,
  context: Pick<SessionContext, 'clock' | 'http' | 'profile' | 'dpop'>,
): RefreshExchange {
  const { authorizationServer, registration } = binding
  const { clock, http, dpop } = context
  const profile = profileOf(context, authorizationServer.issuer)
  const options = { ...http, authorizationServer, registration, profile, clock, dpop }
  return async (grant) => await refreshRequest(grant, options)
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
