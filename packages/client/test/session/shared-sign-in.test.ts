import { expect, test } from 'vitest'
import { headlessSignIn } from '../../src/headless.ts'
import type { SignIn } from '../../src/index.ts'
import { loopbackSignIn } from '../../src/loopback.ts'
import { scene } from '../support/signed-in-session.ts'

/** A user who waits on the page until the test lets them approve. */
function slowUser() {
  const approval = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
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
          const aborted = Promise.withResolvers<never>()
          signal?.addEventListener('abort', () => aborted.reject(signal.reason), { once: true })
          opened.resolve()
          await Promise.race([approval.promise, aborted.promise])
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
    opened: opened.promise,
    approve: approval.resolve,
    pages: () => pages,
    closed: () => closed,
  }
}

test(
  'shared sign-in: goes on if the caller that started it aborts, and signs in the others',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene()
    const user = slowUser()
    const session = it.session({ signIn: user.signIn })
    const leaving = new AbortController()
    const first = session.signIn({ signal: leaving.signal })
    const second = session.signIn()
    await user.opened
    leaving.abort(new Error('the first caller aborted'))
    await expect(first).rejects.toThrow('the first caller aborted')
    user.approve()
    expect((await second).refreshToken).toBe('issued')
    expect((await session.getAccessToken()).value).toBeTypeOf('string')
    expect(user.pages()).toBe(1)
  },
)

test('shared sign-in: a caller that joined can abort, too', { tags: ['C-51'] }, async () => {
  await using it = await scene()
  const user = slowUser()
  const session = it.session({ signIn: user.signIn })
  const first = session.signIn()
  const leaving = new AbortController()
  const second = session.signIn({ signal: leaving.signal })
  await user.opened
  leaving.abort(new Error('the second caller aborted'))
  await expect(second).rejects.toThrow('the second caller aborted')
  user.approve()
  expect((await first).outcome).toBe('signed-in')
})

test(
  'shared sign-in: ends if all callers abort, and the next one is new',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene()
    const user = slowUser()
    const session = it.session({ signIn: user.signIn })
    const leaving = [new AbortController(), new AbortController()]
    const callers = leaving.map(({ signal }) => session.signIn({ signal }))
    await user.opened
    for (const controller of leaving) controller.abort(new Error('aborted'))
    const settled = await Promise.allSettled(callers)
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    user.approve()
    expect((await session.signIn()).outcome).toBe('signed-in')
    expect(user.pages()).toBe(2)
    expect(user.closed()).toBe(2)
    // The check of the stored client, and the page of the user who comes back.
    expect(it.as.count('authorize')).toBe(2)
  },
)

test(
  'shared sign-in: does not start for a caller that has already aborted',
  { tags: ['C-51'] },
  async () => {
    await using it = await scene()
    const user = slowUser()
    const session = it.session({ signIn: user.signIn })
    const signal = AbortSignal.abort(new Error('aborted before'))
    await expect(session.signIn({ signal })).rejects.toThrow('aborted before')
    expect(user.pages()).toBe(0)
    expect(it.as.requests).toEqual([])
  },
)

test(
  'shared sign-in: the loopback callback closes when the last caller aborts',
  { tags: ['C-06', 'C-51'] },
  async () => {
    await using it = await scene()
    const opened = Promise.withResolvers<string>()
    const session = it.session({ signIn: loopbackSignIn(opened.resolve) })
    const leaving = new AbortController()
    const caller = session.signIn({ signal: leaving.signal })
    const redirectUri = new URL(await opened.promise).searchParams.get('redirect_uri') ?? ''
    expect((await fetch(redirectUri)).status).toBe(400)
    leaving.abort(new Error('aborted'))
    await expect(caller).rejects.toThrow('aborted')
    await expect
      .poll(async () => {
        const answer = await fetch(redirectUri).catch(() => undefined)
        return answer?.status
      })
      .toBeUndefined()
  },
)
