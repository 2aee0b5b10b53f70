import diagnostics from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import type { ClientEvent } from '../../src/index.ts'
import { diagnosticsChannelName } from '../../src/index.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'
import { scene } from '../support/signed-in-session.ts'

/** The types of the published events, in order, until it is disposed. */
function publishedTypes(): Disposable & { readonly types: string[] } {
  const types: string[] = []
  const hear = (message: unknown): void => {
    types.push((message as ClientEvent).type)
  }
  diagnostics.subscribe(diagnosticsChannelName, hear)
  return {
    types,
    [Symbol.dispose]: () => {
      diagnostics.unsubscribe(diagnosticsChannelName, hear)
    },
  }
}

test('diagnostics channel: each event of a session is published once and observed once', async () => {
  await using it = await scene()
  using published = publishedTypes()
  const session = it.session()
  await session.signIn()
  expect(published.types).toEqual(['signed-in'])
  it.clock.advanceSeconds(1000)
  await session.getAccessToken()
  expect(published.types).toEqual([
    'signed-in',
    'lock-waited',
    'refresh-started',
    'refresh-succeeded',
  ])
  await session.signOut()
  expect(published.types.slice(4)).toEqual(['signed-out'])
  expect(it.events.map(({ type }) => type)).toEqual(published.types)
})

test('diagnostics channel: each event of a token manager and of a refresh worker is published once', async () => {
  using published = publishedTypes()
  await using it = await manyGrants()
  await it.signIn('user-1')
  expect(published.types).toEqual(['signed-in'])
  const { clock, observe } = it
  const worker = createRefreshWorker(it.store, { clock, observe })
  await worker.start()
  clock.advanceSeconds(lifetimeSeconds)
  await worker.whenIdle()
  await worker.stop()
  const refresh = ['lock-waited', 'refresh-started', 'refresh-succeeded']
  expect(published.types).toEqual(['signed-in', ...refresh])
  // Events about the refresh worker go only to its observer.
  expect(it.events.map(({ type }) => type)).toEqual(['refresh-worker-claimed', ...refresh])
})
