import { describe, expect, test } from 'vitest'
import { clientId, document, down, jsonType, scene } from './scene.ts'

describe('failures', () => {
  test.each<[string, () => Response]>([
    ['no document', () => new Response('', { status: 404 })],
    ['an outage', down],
    ['an invalid document', () => Response.json([])],
  ])(
    'failures: %s is remembered for 10 seconds, and further calls do not prolong it',
    { tags: ['A-09'] },
    async (_, answer) => {
      const { documents, host, requests, clock } = scene()
      host.answer = answer
      await expect(documents.resolve(clientId)).rejects.toThrow(JSON.stringify(clientId))
      clock.now += 9
      host.answer = () => Response.json(document())
      await expect(documents.resolve(clientId)).rejects.toThrow(JSON.stringify(clientId))
      expect(requests).toHaveLength(1)
      clock.now += 1
      expect(await documents.resolve(clientId)).toMatchObject({ source: 'fetched' })
    },
  )

  test(
    'failures: a broken response is an outage, and the message names the cause',
    { tags: ['A-09'] },
    async () => {
      const { documents, host } = scene()
      async function* brokenOff(): AsyncGenerator<Uint8Array> {
        yield new TextEncoder().encode('{')
        throw new Error('socket hang up')
      }
      host.answer = () => new Response(ReadableStream.from(brokenOff()), { headers: jsonType })
      await expect(documents.resolve(clientId)).rejects.toMatchObject({
        code: 'CLIENT_DOCUMENT_UNAVAILABLE',
        message: expect.stringMatching(/socket hang up\. Try again in 10 seconds\./),
      })
    },
  )

  test('failures: a host that never answers times out', { tags: ['A-09'] }, async () => {
    const { documents } = scene({
      requestTimeoutMilliseconds: 20,
      fetch: async (_url, init) =>
        await new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
    })
    await expect(documents.resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_UNAVAILABLE',
    })
  })

  test('limits: one host gets at most 60 requests a minute', { tags: ['A-09'] }, async () => {
    const { documents, host, requests, clock } = scene()
    host.answer = () => new Response('', { status: 404 })
    const ask = async (url: string) => {
      try {
        return (await documents.resolve(url)).source
      } catch (error) {
        return error
      }
    }
    for (const index of Array.from({ length: 70 }).keys()) await ask(`${clientId}?${index}`)
    expect(requests).toHaveLength(60)
    expect(await ask(`${clientId}?69`)).toMatchObject({
      code: 'CLIENT_DOCUMENT_UNAVAILABLE',
      message: expect.stringContaining('too many'),
    })
    // Other hosts are not limited by it, and this host is not limited a minute later.
    host.answer = (url) => Response.json(document({ client_id: url }))
    expect(await ask('https://other.example/metadata.json')).toBe('fetched')
    clock.now += 60
    expect(await ask(`${clientId}?69`)).toBe('fetched')
  })

  test(
    'limits: at most 20 fetches run concurrently, and 20 more wait',
    { tags: ['A-09'] },
    async () => {
      const { documents, host } = scene()
      let running = 0
      let most = 0
      host.answer = async (url) => {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running -= 1
        return Response.json(document({ client_id: url }))
      }
      const urls = Array.from(
        { length: 50 },
        (_, index) => `https://h${index}.example/metadata.json`,
      )
      const settled = await Promise.allSettled(urls.map((url) => documents.resolve(url)))
      expect(most).toBe(20)
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(40)
      // A refused fetch is not a failure of the document.
      expect(await documents.resolve(urls.at(-1) ?? '')).toMatchObject({ source: 'fetched' })
    },
  )
})

describe('one requester among others', () => {
  /** Documents on hosts that stay silent until the test releases them, except `client.example`. */
  function silentHosts() {
    const asking = { requester: 'attacker' }
    const silent: (() => void)[] = []
    const all = scene({ requester: () => asking.requester })
    all.host.answer = async (url) => {
      if (url.startsWith('https://client.example/')) {
        return Response.json(document({ client_id: url }))
      }
      await new Promise<void>((resolve) => silent.push(resolve))
      return Response.json(document({ client_id: url }))
    }
    const resolveAs = async (requester: string, url: string) => {
      asking.requester = requester
      return await all.documents.resolve(url)
    }
    return { ...all, silent, resolveAs }
  }

  test(
    'limits: a requester cannot block others with silent hosts',
    { tags: ['A-09'] },
    async () => {
      const { resolveAs, requests, silent } = silentHosts()
      const urls = Array.from(
        { length: 40 },
        (_, index) => `https://h${index}.example/metadata.json`,
      )
      const all = urls.map((url) => resolveAs('attacker', url))
      const outcomes = Promise.allSettled(all)
      // Four run and four wait. The others are refused at once.
      await expect(all[8]).rejects.toMatchObject({
        code: 'CLIENT_DOCUMENT_UNAVAILABLE',
        message: expect.stringContaining('too many documents'),
      })
      expect(requests).toHaveLength(4)
      expect(await resolveAs('user', clientId)).toMatchObject({ source: 'fetched' })
      // A waiting fetch starts when a running one ends.
      while (silent.length > 0) {
        silent.pop()?.()
        await new Promise((resolve) => setImmediate(resolve))
      }
      const settled = await outcomes
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(8)
    },
  )

  test('limits: a requester cannot use up the requests of a host', { tags: ['A-09'] }, async () => {
    const { resolveAs } = silentHosts()
    const outcomes = []
    for (const index of Array.from({ length: 60 }).keys()) {
      outcomes.push(...(await Promise.allSettled([resolveAs('attacker', `${clientId}?${index}`)])))
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(15)
    expect(await resolveAs('user', clientId)).toMatchObject({ source: 'fetched' })
  })
})
