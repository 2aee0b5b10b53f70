import { describe, expect, test } from 'vitest'
import { clientId, document, jsonType, scene } from './scene.ts'

describe('what a metadata document is', () => {
  test('metadata documents: resolve to the document and its text', { tags: ['A-09'] }, async () => {
    const { documents, host } = scene()
    const text = JSON.stringify(document({ unknown_member: 1 }))
    host.answer = () => new Response(text, { headers: jsonType })
    const resolved = await documents.resolve(clientId)
    expect(resolved).toMatchObject({ text, source: 'fetched', document: document() })
    expect(resolved.document).not.toHaveProperty('unknown_member')
  })

  test.each<[string, () => Response, RegExp]>([
    [
      'another client_id',
      () => Response.json(document({ client_id: `${clientId}?` })),
      /expected the URL of the document/,
    ],
    ['a shared secret', () => Response.json(document({ client_secret: 'x' })), /client secret/],
    [
      'an authentication method that needs one',
      () => Response.json(document({ token_endpoint_auth_method: 'client_secret_basic' })),
      /shared secret/,
    ],
    ['no JSON', () => new Response('{', { headers: jsonType }), /it is not JSON/],
    ['an array', () => Response.json([]), /expected a JSON object/],
    [
      'a web page',
      () => new Response('{}', { headers: { 'content-type': 'text/html' } }),
      /"text\/html" \(expected JSON\)/,
    ],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: clientId } }),
      /redirects are not followed/,
    ],
    ['nothing', () => new Response('', { status: 404 }), /status 404/],
    ['304 to an unconditional request', () => new Response(null, { status: 304 }), /304/],
  ])('metadata documents: %s is not one', { tags: ['A-09'] }, async (_, answer, message) => {
    const { documents, host } = scene()
    host.answer = answer
    await expect(documents.resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test(
    'metadata documents: one of more than 5 KB is refused before its end',
    { tags: ['A-09'] },
    async () => {
      const { documents, host } = scene()
      let sent = 0
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          sent += 1024
          yield new Uint8Array(1024)
        }
      }
      host.answer = () => new Response(ReadableStream.from(endless()), { headers: jsonType })
      await expect(documents.resolve(clientId)).rejects.toMatchObject({
        code: 'FETCH_REFUSED',
        message: expect.stringMatching(
          /client\.example.* longer than 5120 bytes.*maximumMetadataBytes/,
        ),
      })
      expect(sent).toBeLessThan(16 * 1024)
    },
  )

  test.each([1023, 65_537, 2048.5, Number.NaN])(
    'metadata documents: a limit of %s bytes is an error',
    { tags: ['A-09'] },
    (maximumMetadataBytes) => {
      expect(() => scene({ maximumMetadataBytes })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    },
  )

  test.each([
    'http://client.example/metadata.json',
    'https://client.example/',
    'https://client.example/a/../b',
    'https://CLIENT.example/metadata.json',
    'https://user@client.example/metadata.json',
    'https://client.example/metadata.json#x',
    'client',
  ])(
    'metadata documents: %s is not a document URL and is never fetched',
    { tags: ['A-09'] },
    async (url) => {
      const { documents, requests } = scene()
      await expect(documents.resolve(url)).rejects.toMatchObject({
        code: 'CLIENT_DOCUMENT_INVALID',
      })
      expect(requests).toEqual([])
    },
  )
})
