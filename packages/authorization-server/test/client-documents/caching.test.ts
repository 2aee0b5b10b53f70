import { describe, expect, test } from 'vitest'
import { clientId, document, scene } from './scene.ts'

describe('caching', () => {
  test.each<[string, Record<string, string>, number]>([
    ['max-age', { 'cache-control': 'max-age=600' }, 600],
    ['max-age less Age', { 'cache-control': 'max-age=600', age: '200' }, 400],
    ['private, because the cache is not shared', { 'cache-control': 'private, max-age=90' }, 90],
    ['at most a day', { 'cache-control': 'max-age=31536000, immutable' }, 86_400],
    ['at least 30 seconds', { 'cache-control': 'no-store' }, 30],
    ['at least 30 seconds without headers', {}, 30],
    ['an invalid max-age', { 'cache-control': 'max-age=soon' }, 30],
  ])('caching: %s', { tags: ['A-09'] }, async (_, headers, seconds) => {
    const { documents, host, requests, clock } = scene()
    host.answer = () => Response.json(document(), { headers })
    expect((await documents.resolve(clientId)).freshForSeconds).toBe(seconds)
    clock.now += seconds - 1
    expect(await documents.resolve(clientId)).toMatchObject({ source: 'fresh', freshForSeconds: 1 })
    expect(requests).toHaveLength(1)
    clock.now += 1
    expect(await documents.resolve(clientId)).toMatchObject({ source: 'fetched' })
    expect(requests).toHaveLength(2)
  })

  test('caching: Expires counts from Date', { tags: ['A-09'] }, async () => {
    const { documents, host } = scene()
    const headers = {
      date: 'Thu, 26 Nov 2026 10:00:00 GMT',
      expires: 'Thu, 26 Nov 2026 10:05:00 GMT',
    }
    host.answer = () => Response.json(document(), { headers })
    expect((await documents.resolve(clientId)).freshForSeconds).toBe(300)
  })

  test('caching: a 304 confirms a document that did not change', { tags: ['A-09'] }, async () => {
    const { documents, host, requests, clock } = scene()
    host.answer = (_url, headers) =>
      headers.get('if-none-match') === '"1"'
        ? new Response(null, {
            status: 304,
            headers: { etag: '"1"', 'cache-control': 'max-age=90' },
          })
        : Response.json(document(), { headers: { etag: '"1"', 'cache-control': 'max-age=60' } })
    const first = await documents.resolve(clientId)
    clock.now += 60
    const second = await documents.resolve(clientId)
    expect(requests.at(-1)?.headers.get('if-none-match')).toBe('"1"')
    expect(second).toEqual({ ...first, source: 'fetched', freshForSeconds: 90 })
  })

  test('caching: concurrent callers share one request', { tags: ['A-09'] }, async () => {
    const { documents, requests } = scene()
    const all = await Promise.all(Array.from({ length: 50 }, () => documents.resolve(clientId)))
    expect(requests).toHaveLength(1)
    expect(new Set(all.map(({ text }) => text)).size).toBe(1)
  })

  test(
    'caching: the least recently used document is dropped first',
    { tags: ['A-09'] },
    async () => {
      const { documents, host, requests } = scene({ maximumDocuments: 2 })
      host.answer = (url) => Response.json(document({ client_id: url }))
      const urls = ['a', 'b', 'c'].map((name) => `https://client.example/${name}`)
      const [a = '', b = '', c = ''] = urls
      await documents.resolve(a)
      await documents.resolve(b)
      await documents.resolve(a)
      await documents.resolve(c)
      await documents.resolve(a)
      await documents.resolve(b)
      expect(requests.map(({ url }) => url)).toEqual([a, b, c, b])
    },
  )
})
