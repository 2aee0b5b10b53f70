import { describe, expect, test } from 'vitest'
import { scene } from './scene.ts'

describe('key sets', () => {
  const keysUrl = 'https://client.example/keys'

  test('key sets: may be as long as keys with certificates', { tags: ['A-09'] }, async () => {
    const { keySets, host } = scene()
    const keys = [{ kty: 'EC', x5c: ['x'.repeat(100_000)] }]
    host.answer = () =>
      new Response(JSON.stringify({ keys }), { headers: { 'content-type': 'text/plain' } })
    expect((await keySets.resolve(keysUrl)).document.keys).toEqual(keys)
    host.answer = () => Response.json({ keys: [{ x5c: ['x'.repeat(600_000)] }] })
    await expect(keySets.resolve(`${keysUrl}2`)).rejects.toMatchObject({ code: 'FETCH_REFUSED' })
  })

  test.each(['keys', 'http://client.example/keys', 'file:///etc/passwd'])(
    'key sets: %s is not an https URL and is never fetched',
    { tags: ['A-09'] },
    async (url) => {
      const { keySets, requests } = scene()
      await expect(keySets.resolve(url)).rejects.toMatchObject({ code: 'CLIENT_DOCUMENT_INVALID' })
      expect(requests).toEqual([])
    },
  )

  test.each([[[]], [{}], [{ keys: {} }], [{ keys: [1] }], ['keys']])(
    'key sets: %j is not one',
    { tags: ['A-09'] },
    async (body) => {
      const { keySets, host } = scene()
      host.answer = () => Response.json(body)
      await expect(keySets.resolve(keysUrl)).rejects.toMatchObject({
        code: 'CLIENT_DOCUMENT_INVALID',
      })
    },
  )
})
