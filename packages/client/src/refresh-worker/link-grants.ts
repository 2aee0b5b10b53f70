import type { RefreshTimingOptions } from '@evergrant/core'
import { grantId, jitterKeyOf } from '../grant/grant.ts'
import { grantRepository } from '../grant/grant-repository.ts'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { mapAtMost } from '../lib/map-at-most.ts'
import { identityOf, readBinding } from '../session/records.ts'
import type { RecordStore } from '../stores/store.ts'

const concurrentReads = 4

/**
 * Writes into each grant which MCP server it was made for, if the grant does not say so: an earlier
 * version wrote it. Reads every binding, so it runs only if such a grant was found.
 */
export async function linkGrants(
  store: RecordStore,
  clock: Clock,
  timing: RefreshTimingOptions,
  signal: AbortSignal,
): Promise<void> {
  async function link(bindingId: string): Promise<void> {
    signal.throwIfAborted()
    try {
      const binding = await readBinding(store, bindingId)
      if (binding === undefined) return
      const identity = identityOf(binding)
      const id = await grantId(identity)
      const options = { store, clock, timing: { ...timing, jitterKey: jitterKeyOf(id) } }
      const repository = grantRepository(identity, id, options)
      const stored = await repository.read()
      if (stored?.grant.state !== 'active' || stored.grant.serverUrl !== undefined) return
      // On a conflict, another process is using the grant. It is found again after its next refresh.
      const grant = { ...stored.grant, serverUrl: binding.serverUrl }
      await repository.write(grant, stored.generation)
    } catch (error) {
      // One unreadable record must not keep the others from being linked.
      if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
    }
  }
  await mapAtMost(concurrentReads, store.list('binding'), link)
}
