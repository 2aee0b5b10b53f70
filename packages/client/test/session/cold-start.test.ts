import { expect, test } from 'vitest'
import type { RecordStore } from '../../src/index.ts'
import { scene } from '../support/signed-in-session.ts'

test(
  'cold start: concurrent callers wait for one lock and cause one refresh',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene()
    await it.session().signIn()
    it.clock.advanceSeconds(1000)
    let locks = 0
    const counting: RecordStore = {
      ...it.store,
      lock(name, options) {
        locks += 1
        return it.store.lock(name, options)
      },
    }
    const cold = it.session({ store: counting })
    const tokens = await Promise.all(Array.from({ length: 20 }, () => cold.getAccessToken()))
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
    expect(locks).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
  },
)
