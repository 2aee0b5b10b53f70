import type { Grant, GrantIdentity } from '../grant/grant.ts'
import { isSameIdentity } from '../grant/grant.ts'
import { loadOnce } from '../lib/load-once.ts'
import type { MemoryFirstTokenManager } from '../grant/token-manager.ts'
import { createMemoryFirstTokenManager } from '../grant/token-manager.ts'
import { bindingExchange } from './binding-exchange.ts'
import type { Binding } from './records.ts'
import { bindingRecord, identityOf } from './records.ts'
import type { SessionContext } from './session-context.ts'

/** The grant of a server, with its manager. */
export interface BoundGrant {
  readonly binding: Binding
  readonly manager: MemoryFirstTokenManager
}

/** Which grant serves the MCP server of the session. */
export interface CurrentGrant {
  /** The grant that this process knows, without I/O. */
  readonly known: () => BoundGrant | undefined
  /** The grant that this process knows. Reads the store only if it knows none. */
  readonly get: () => Promise<BoundGrant | undefined>
  /** The grant that the store names now: another process may have signed in again. */
  readonly load: () => Promise<BoundGrant | undefined>
  readonly managerFor: (binding: Binding) => Promise<MemoryFirstTokenManager>
  /** Makes this session, and every later one over the store, use a grant. */
  readonly use: (bound: BoundGrant) => Promise<void>
  readonly whenIdle: () => Promise<void>
}

export function currentGrant(context: SessionContext): CurrentGrant {
  const { store, partition, serverUrl, clock, observe } = context
  const revocations = loadOnce('revokes tokens', () => import('./on-demand.ts'))
  let bound: BoundGrant | undefined
  let creating:
    | { readonly identity: GrantIdentity; readonly manager: Promise<MemoryFirstTokenManager> }
    | undefined

  async function load(): Promise<BoundGrant | undefined> {
    const { value: binding } = await (await bindingRecord(store, partition, serverUrl)).read()
    if (binding === undefined) {
      bound = undefined
      return undefined
    }
    const manager = knownManager(binding) ?? (await sharedManager(binding))
    // A sign-in may have set another manager in the meantime.
    bound = { binding, manager: knownManager(binding) ?? manager }
    return bound
  }

  function knownManager(binding: Binding): MemoryFirstTokenManager | undefined {
    const known = bound?.manager
    return known !== undefined && isSameIdentity(known.identity, identityOf(binding))
      ? known
      : undefined
  }

  /**
   * Returns the same manager to all concurrent callers. With one manager each, the callers of a cold
   * start would wait for the lock separately (C-51).
   */
  async function sharedManager(binding: Binding): Promise<MemoryFirstTokenManager> {
    const identity = identityOf(binding)
    if (creating === undefined || !isSameIdentity(creating.identity, identity)) {
      creating = { identity, manager: managerFor(binding) }
    }
    const { manager } = creating
    try {
      return await manager
    } finally {
      if (creating?.manager === manager) creating = undefined
    }
  }

  /** Rare, because a refresh must overlap with a sign-out. It must not throw (C-57). */
  async function discardLater(grant: Grant, binding: Binding): Promise<void> {
    const loaded = await revocations().catch(() => undefined)
    // Without the part that revokes, the tokens expire. No caller gets them.
    await loaded?.discardTokens(grant, binding, context)
  }

  async function managerFor(binding: Binding): Promise<MemoryFirstTokenManager> {
    return await createMemoryFirstTokenManager(identityOf(binding), {
      requestTimeoutMilliseconds: context.http.requestTimeoutMilliseconds,
      ...context.refresh,
      store,
      clock,
      observe,
      exchange: bindingExchange(binding, context),
      discard: (grant) => discardLater(grant, binding),
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
