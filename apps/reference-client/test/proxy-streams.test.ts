import { PassThrough } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import { hostConnection } from '../src/proxy/host/host-connection.ts'
import { lineSplitter } from '../src/proxy/messages/line-splitter.ts'
import { messageFrom } from '../src/proxy/messages/message.ts'
import { byteBudget } from '../src/proxy/relay/in-flight.ts'
import { readEvents } from '../src/proxy/remote/event-stream.ts'
import type { ServerEvent } from '../src/proxy/remote/event-stream.ts'
import { reconnectDelay } from '../src/proxy/remote/waiting.ts'
import { wakeWatch } from '../src/proxy/remote/wake.ts'

afterEach(() => {
  vi.useRealTimers()
})

async function* chunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function eventsOf(text: string, size: number): Promise<readonly ServerEvent[]> {
  const position = { lastEventId: undefined, retryMilliseconds: undefined }
  const events: ServerEvent[] = []
  for await (const event of readEvents(chunks(text, size), position, 1000)) events.push(event)
  return events
}

test.each([1, 2, 3, 7, 1000])('proxy: reads events in chunks of %d bytes', async (size) => {
  const text =
    '\uFEFF: hi\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\ndata: ü\n\n:\rdata: x\r\rdata: cut'
  expect(await eventsOf(text, size)).toEqual([
    { type: 'a', data: '1\n2' },
    { type: 'message', data: 'ü' },
    { type: 'message', data: 'x' },
  ])
})

test('proxy: refuses an event that is too long, in one line or in many', async () => {
  await expect(eventsOf(`data: ${'x'.repeat(2000)}\n\n`, 100)).rejects.toThrow('longer than 1000')
  await expect(eventsOf('data: xxxxxxxxx\n'.repeat(200), 100)).rejects.toThrow('longer than 1000')
})

test('proxy: refuses an event of endless empty lines', async () => {
  await expect(eventsOf('data:\n'.repeat(2000), 100)).rejects.toThrow('longer than 1000')
})

test.each(['a\u0001b', 'x'.repeat(5000)])(
  'proxy: does not resume after an ID that no header can carry',
  async (id) => {
    const position = { lastEventId: 'earlier', retryMilliseconds: undefined }
    for await (const _ of readEvents(chunks(`id: ${id}\ndata: 1\n\n`, 100), position, 10_000));
    expect(position.lastEventId).toBeUndefined()
  },
)

test('proxy: keeps many small parts of a line in about the memory of its bytes', () => {
  const splitter = lineSplitter(10_000_000)
  const before = process.memoryUsage()
  for (let at = 0; at < 500_000; at += 1) splitter.push(Buffer.from('x'))
  const after = process.memoryUsage()
  const used = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  expect(splitter.push(Buffer.from('\n'))).toEqual([{ text: 'x'.repeat(500_000) }])
  expect(used).toBeLessThan(40_000_000)
})

test('proxy: reports a line that is too long once, and reads the next one', () => {
  const splitter = lineSplitter(10)
  const lines = ['0123456789', '0123456789\nok\n'].flatMap((text) =>
    splitter.push(Buffer.from(text)),
  )
  expect(lines).toEqual([{ tooLong: true }, { text: 'ok' }])
  expect(splitter.end()).toBeUndefined()
})

test('proxy: waits for a host that does not read', async () => {
  const stdout = new PassThrough({ highWaterMark: 16 })
  const host = hostConnection(new PassThrough(), stdout)
  const message = messageFrom({ id: 1, result: { text: 'x'.repeat(100) } })
  let written = 0
  const writing = [1, 2, 3].map(() => host.write(message).then(() => (written += 1)))
  await new Promise(setImmediate)
  expect(written).toBe(0)
  stdout.resume()
  await Promise.all(writing)
  expect(written).toBe(3)
})

test('proxy: stops reading while a line is being handled, and before the first one', async () => {
  const host = hostConnection(new PassThrough(), new PassThrough())
  await host.read(() => Promise.resolve(), AbortSignal.abort())
  const stdin = new PassThrough()
  const blocked = hostConnection(stdin, new PassThrough())
  const stop = new AbortController()
  const received = Promise.withResolvers<void>()
  const reading = blocked.read(async () => {
    received.resolve()
    await new Promise(() => undefined)
  }, stop.signal)
  stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
  await received.promise
  stop.abort()
  await reading
  expect(stdin.destroyed).toBe(true)
})

test('proxy: goes on after a message that cannot be handled', async () => {
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const seen: unknown[] = []
  stdin.end('{"id":1,"method":"bad"}\n{"id":2,"method":"good"}\n')
  await hostConnection(stdin, stdout).read(async ({ id, method }) => {
    if (method === 'bad') throw new Error('cannot be handled')
    seen.push(id)
  }, new AbortController().signal)
  expect(seen).toEqual([2])
  expect(String(stdout.read())).toContain('-32700')
})

test('proxy: stops writing when the host is lost', async () => {
  const stdout = new PassThrough({ highWaterMark: 16 })
  const host = hostConnection(new PassThrough(), stdout)
  const writing = host.write(messageFrom({ id: 1, result: { text: 'x'.repeat(100) } }))
  stdout.destroy(new Error('EPIPE'))
  await writing
  expect(host.lost.aborted).toBe(true)
})

test('proxy: reads no more from the host while too much waits for the server', async () => {
  const budget = byteBudget(10)
  budget.take(6)
  await budget.whenFree()
  budget.take(6)
  let isFree = false
  const waiting = budget.whenFree().then(() => (isFree = true))
  await new Promise(setImmediate)
  expect(isFree).toBe(false)
  budget.release(6)
  await waiting
  expect(isFree).toBe(true)
})

test('proxy: notices that the machine slept', () => {
  vi.useFakeTimers()
  const watch = wakeWatch()
  let wakes = 0
  watch.subscribe(() => (wakes += 1))
  vi.advanceTimersByTime(60_000)
  expect(wakes).toBe(0)
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(5000)
  expect(wakes).toBe(1)
  watch.close()
})

test('proxy: waits as long as the server asks, and longer after each failure', () => {
  const asked = { lastEventId: undefined, retryMilliseconds: 50 }
  expect(reconnectDelay(asked, 1)).toBe(50)
  expect(reconnectDelay(asked, 3)).toBe(4000)
  expect(reconnectDelay({ ...asked, retryMilliseconds: undefined }, 100)).toBe(30_000)
})
