import { describe, expect, test } from 'vitest'
import { headlessSignIn } from '../../src/headless.ts'
import type { SignIn } from '../../src/index.ts'
import { loopbackSignIn } from '../../src/loopback.ts'
import { scene } from '../support/signed-in-session.ts'

/** A person who looks at the page until they are told to approve. */
function slowPerson() {
  const approval = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  let pages = 0
  let closed = 0
  const headless = headlessSignIn()
  const signIn: SignIn = {
    kind: 'interactive',
    async prepare(preferred) {
      const prepared = await headless.prepare(preferred)
      return {
        redirectUri: prepared.redirectUri,
        async authorize(authorizationUrl, signal) {
          pages += 1
          const left = Promise.withResolvers<never>()
          signal?.addEventListener('abort', () => left.reject(signal.reason), { once: true })
          asked.resolve()
          await Promise.race([approval.promise, left.promise])
          return await prepared.authorize(authorizationUrl, signal)
        },
        async close() {
          closed += 1
          await prepared.close()
        },
      }
    },
  }
  return {
    signIn,
    /** Resolves when the first page is open. */
    asked: asked.promise,
    approve: approval.resolve,
    pages: () => pages,
    closed: () => closed,
  }
}

describe('a sign-in that several callers wait for', () => {
  test(
    'goes on where the one who began it leaves, and signs in the others',
    { tags: ['C-51'] },
    async () => {
      await using it = await scene()
      const person = slowPerson()
      const session = it.session({ signIn: person.signIn })
      const leaving = new AbortController()
      const first = session.signIn({ signal: leaving.signal })
      const second = session.signIn()
      await person.asked
      leaving.abort(new Error('the first caller left'))
      await expect(first).rejects.toThrow('the first caller left')
      person.approve()
      expect((await second).refreshToken).toBe('issued')
      expect((await session.getAccessToken()).value).toBeTypeOf('string')
      expect(person.pages()).toBe(1)
    },
  )

  test('lets one who joined leave, too', { tags: ['C-51'] }, async () => {
    await using it = await scene()
    const person = slowPerson()
    const session = it.session({ signIn: person.signIn })
    const first = session.signIn()
    const leaving = new AbortController()
    const second = session.signIn({ signal: leaving.signal })
    await person.asked
    leaving.abort(new Error('the second caller left'))
    await expect(second).rejects.toThrow('the second caller left')
    person.approve()
    expect((await first).outcome).toBe('signed-in')
  })

  test('is given up where all leave, and the next one is new', { tags: ['C-51'] }, async () => {
    await using it = await scene()
    const person = slowPerson()
    const session = it.session({ signIn: person.signIn })
    const leaving = [new AbortController(), new AbortController()]
    const callers = leaving.map(({ signal }) => session.signIn({ signal }))
    await person.asked
    for (const controller of leaving) controller.abort(new Error('left'))
    const settled = await Promise.allSettled(callers)
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    person.approve()
    expect((await session.signIn()).outcome).toBe('signed-in')
    expect(person.pages()).toBe(2)
    expect(person.closed()).toBe(2)
    expect(it.as.count('authorize')).toBe(1)
  })

  test('begins for nobody who has left already', { tags: ['C-51'] }, async () => {
    await using it = await scene()
    const person = slowPerson()
    const session = it.session({ signIn: person.signIn })
    const signal = AbortSignal.abort(new Error('left before'))
    await expect(session.signIn({ signal })).rejects.toThrow('left before')
    expect(person.pages()).toBe(0)
    expect(it.as.requests).toEqual([])
  })
})

test(
  'the callback in the browser’s reach is closed when the last caller has left',
  { tags: ['C-06', 'C-51'] },
  async () => {
    await using it = await scene()
    const opened = Promise.withResolvers<string>()
    const session = it.session({ signIn: loopbackSignIn(opened.resolve) })
    const leaving = new AbortController()
    const caller = session.signIn({ signal: leaving.signal })
    const redirectUri = new URL(await opened.promise).searchParams.get('redirect_uri') ?? ''
    expect((await fetch(redirectUri)).status).toBe(400)
    leaving.abort(new Error('left'))
    await expect(caller).rejects.toThrow('left')
    await expect
      .poll(async () => {
        const answer = await fetch(redirectUri).catch(() => undefined)
        return answer?.status
      })
      .toBeUndefined()
  },
)
