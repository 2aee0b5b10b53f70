import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { serverHealthRecord } from '../../src/grant/server-health.ts'
import type { RecordStore } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'

async function scene(store: RecordStore = memoryStore()) {
  const clock = virtualClock()
  let setBackSeconds = 0
  const nowEpochSeconds = () => clock.nowEpochSeconds() - setBackSeconds
  const open = () => serverHealthRecord(store, 'https://as.test', { ...clock, nowEpochSeconds })
  const health = await open()
  async function waitSeconds(): Promise<number> {
    return (await health.read()).notBeforeEpochSeconds - nowEpochSeconds()
  }
  return {
    clock,
    health,
    open,
    waitSeconds,
    setClockBack: (seconds: number) => {
      setBackSeconds = seconds
    },
  }
}

test('back-off: doubles with each failure, up to a minute', async () => {
  const { health, clock, waitSeconds } = await scene()
  const waits: number[] = []
  for (let failure = 0; failure < 10; failure += 1) {
    await health.failed('503', undefined)
    waits.push(await waitSeconds())
    clock.advanceSeconds(100)
  }
  expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('back-off: is never shorter than that, even with Retry-After 0 or a date in the past', async () => {
  const { health, waitSeconds } = await scene()
  await health.failed('503', 0)
  await health.failed('503', 0)
  await health.failed('503', 0)
  expect(await waitSeconds()).toBe(2)
})

test('back-off: one Retry-After applies even if other requests fail without one', async () => {
  const { health, waitSeconds } = await scene()
  await health.failed('429', 3000)
  await health.failed('503', undefined)
  expect(await waitSeconds()).toBe(3000)
})

test('back-off: the longest of concurrent Retry-After values applies, over all processes', async () => {
  const { open, waitSeconds } = await scene()
  const processes = await Promise.all(Array.from({ length: 8 }, open))
  await Promise.all(
    processes.map((health, index) => health.failed('503', index === 3 ? 3000 : undefined)),
  )
  expect(await waitSeconds()).toBe(3000)
})

test('back-off: ends with a response to a request that was sent after the failure', async () => {
  const { health, clock, waitSeconds } = await scene()
  const sentBefore = clock.nowEpochSeconds()
  clock.advanceSeconds(1)
  await health.failed('429', 3000)
  await health.succeeded(sentBefore)
  expect(await waitSeconds()).toBe(3000)
  clock.advanceSeconds(1)
  await health.succeeded(clock.nowEpochSeconds())
  expect(await waitSeconds()).toBeLessThanOrEqual(0)
})

test('back-off: Retry-After is respected up to an hour', async () => {
  const { health, waitSeconds } = await scene()
  await health.failed('503', 86_400)
  expect(await waitSeconds()).toBe(3600)
})

test('back-off: ends if the clock is set back', async () => {
  const { health, setClockBack, waitSeconds } = await scene()
  await health.failed('503', undefined)
  setClockBack(86_400)
  expect(await waitSeconds()).toBeLessThanOrEqual(0)
  await health.failed('503', undefined)
  expect(await waitSeconds()).toBe(1)
})

test('back-off: an unreadable health record causes none', { tags: ['C-53'] }, async () => {
  for (const body of ['', 'null', '[]', '{"notBeforeEpochSeconds":"soon"}']) {
    const store: RecordStore = { ...memoryStore(), read: async () => ({ generation: 1, body }) }
    const { health } = await scene(store)
    expect((await health.read()).consecutiveFailures).toBe(0)
  }
})
