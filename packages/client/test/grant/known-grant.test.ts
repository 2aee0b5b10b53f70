import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { grantId } from '../../src/grant/grant.ts'
import { grantRepository } from '../../src/grant/grant-repository.ts'
import type { StoredGrant } from '../../src/grant/grant-repository.ts'
import { refreshContext } from '../../src/grant/refresh-context.ts'
import { refreshGrant } from '../../src/grant/refresh-transaction.ts'
import type { ClientEvent } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { plainExchange, signedInGrant } from '../support/managed-grant.ts'

/** A grant that another process refreshes after this one has read it. */
test.each([
  ['without a journal', false],
  ['with the journal of the other process', true],
])(
  'known grant: tokens that were stored since it was read %s are adopted, and nothing is sent',
  { tags: ['C-51'] },
  async (_what, isJournaled) => {
    const clock = virtualClock()
    await using as = await startScriptedAuthorizationServer({
      clock,
      accessTokenLifetimeSeconds: 600,
      clients: [{ clientId: 'client-1' }],
      rotation: 'rotate',
      familyRevocation: true,
    })
    const store = memoryStore({ clock })
    const grant = await signedInGrant(as, store, clock)
    let known: StoredGrant | undefined
    const { identity } = grant
    const repository = grantRepository(identity, await grantId(identity), {
      store,
      clock,
      timing: {},
    })
    const other = await grant.manager({
      async exchange(stored) {
        if (isJournaled) known = await repository.read()
        return await plainExchange(as.tokenEndpoint)(stored)
      },
    })
    clock.advanceSeconds(600)
    if (!isJournaled) known = await repository.read()
    const { value } = await other.getAccessToken()

    const events: ClientEvent[] = []
    const context = await refreshContext(identity, {
      store,
      clock,
      observe: (event) => events.push(event),
      exchange: plainExchange(as.tokenEndpoint),
    })
    const outcome = await refreshGrant(context, { reason: 'recovery', known })
    expect(outcome).toMatchObject({
      kind: 'adopted',
      stored: { grant: { tokenSet: { accessToken: value } } },
    })
    expect(as.refreshRequests()).toBe(1)
    expect(events.map(({ type }) => type)).not.toContain('refresh-recovering')
  },
)
