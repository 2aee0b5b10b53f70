import { rawStatus } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { startNotes } from './notes.ts'

test('health: answers a monitor without a token', async () => {
  await using setup = await startNotes()
  const url = new URL('/healthz', setup.server.url)
  const response = await fetch(url)
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
  expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  expect(setup.server.stats().requests).toBe(0)
})

test('health: a rebound host name gets 403', async () => {
  await using setup = await startNotes()
  const lines = ['GET /healthz HTTP/1.1', 'Host: evil.example.com']
  expect(await rawStatus(setup.server.url, lines)).toBe(403)
})

test('health: a page of another origin cannot read it', { tags: ['S-16'] }, async () => {
  await using setup = await startNotes()
  const response = await fetch(new URL('/healthz', setup.server.url), {
    headers: { origin: 'https://evil.example.com' },
  })
  expect(response.headers.has('access-control-allow-origin')).toBe(false)
})
