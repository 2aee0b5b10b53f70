import { expect, test } from 'vitest'
import { headlessSignIn } from '../../src/headless.ts'
import type { DevicePrompt, DeviceSignIn } from '../../src/index.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** A scene with a server that declares the device grant, and the pages that were shown. */
async function deviceScene(options: Parameters<typeof scene>[0] = {}) {
  const it = await scene({ ...options, as: { deviceGrant: {}, ...options.as } })
  const shown: DevicePrompt[] = []
  const signIn: DeviceSignIn = { kind: 'device', show: (prompt) => void shown.push(prompt) }
  return { ...it, shown, signIn }
}

/** Lets the client send its next token request. */
async function poll({ clock }: Pick<Scene, 'clock'>, seconds = 5): Promise<void> {
  await clock.untilSleeping()
  clock.advanceSeconds(seconds)
}

test(
  'device sign-in: shows a page and a code, and the grant refreshes like every other',
  { tags: ['C-45', 'C-02', 'C-34', 'C-52'] },
  async () => {
    await using it = await deviceScene()
    const session = it.session({ signIn: it.signIn })
    const signingIn = session.signIn()
    await poll(it)
    await it.clock.untilSleeping()
    it.as.approveDevice()
    it.clock.advanceSeconds(5)
    expect(await signingIn).toMatchObject({
      outcome: 'signed-in',
      scope: 'mcp:read offline_access',
      refreshToken: 'issued',
    })
    expect(it.shown).toEqual([
      {
        verificationUri: `${it.as.issuer}/device`,
        verificationUriComplete: expect.stringContaining('user_code='),
        userCode: expect.stringMatching(/^[0-9A-F]{8}$/),
        expiresInSeconds: 600,
      },
    ])
    const asked = it.as.requests.find(({ endpoint }) => endpoint === 'device')
    expect(asked?.form).toMatchObject({
      scope: 'mcp:read offline_access',
      resource: it.server.resource,
    })
    const polls = it.as.requests.filter(({ endpoint }) => endpoint === 'token')
    expect(polls.map(({ outcome }) => outcome)).toEqual(['authorization_pending', 'issued'])
    expect(polls.map(({ form }) => form['resource'])).toEqual(Array(2).fill(it.server.resource))
    it.clock.advanceSeconds(1000)
    await session.getAccessToken()
    expect(it.as.refreshRequests()).toBe(1)
    expect(it.as.count('authorize')).toBe(0)
  },
)

test(
  'device sign-in: registers for the device grant, and a stored client without it is replaced',
  { tags: ['C-45', 'C-37'] },
  async () => {
    await using it = await deviceScene()
    await it.session().signIn()
    const signingIn = it.session({ signIn: it.signIn }).signIn({ force: true })
    await it.clock.untilSleeping()
    it.as.approveDevice()
    it.clock.advanceSeconds(5)
    await signingIn
    const registered = it.as.requests.filter(({ endpoint }) => endpoint === 'register')
    expect(registered.map(({ json }) => Reflect.get(Object(json), 'grant_types'))).toEqual([
      ['authorization_code', 'refresh_token'],
      ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    ])
  },
)

test('device sign-in: slow_down lengthens the interval for good', { tags: ['C-45'] }, async () => {
  await using it = await deviceScene()
  it.as.faults.token.push({ kind: 'oauth-error', error: 'slow_down' })
  const signingIn = it.session({ signIn: it.signIn }).signIn()
  await poll(it)
  await it.clock.untilSleeping()
  it.as.approveDevice()
  it.clock.advanceSeconds(9)
  expect(it.clock.sleepers()).toBe(1)
  expect(it.as.count('token')).toBe(1)
  it.clock.advanceSeconds(1)
  expect((await signingIn).outcome).toBe('signed-in')
})

test.each(['reset', 'status'] as const)(
  'device sign-in: goes on more slowly after a failure of the server: %s',
  { tags: ['C-45'] },
  async (kind) => {
    await using it = await deviceScene()
    it.as.faults.token.push(kind === 'reset' ? { kind } : { kind, status: 503, body: 'no' })
    const signingIn = it.session({ signIn: it.signIn }).signIn()
    await poll(it)
    await it.clock.untilSleeping()
    it.as.approveDevice()
    it.clock.advanceSeconds(10)
    expect((await signingIn).outcome).toBe('signed-in')
  },
)

test.each([
  ['declines', /declined.*Sign in again/],
  ['lets the code expire', /expired before the user approved/],
])(
  'device sign-in: ends when the user %s, and the next one can succeed',
  { tags: ['C-45'] },
  async (what, words) => {
    await using it = await deviceScene()
    const session = it.session({ signIn: it.signIn })
    const failing = session.signIn()
    failing.catch(() => undefined)
    await it.clock.untilSleeping()
    if (what === 'declines') it.as.declineDevice()
    it.clock.advanceSeconds(what === 'declines' ? 5 : 600)
    await expect(failing).rejects.toMatchObject({
      code: 'SIGN_IN_FAILED',
      message: expect.stringMatching(words),
    })
    const signingIn = session.signIn()
    await it.clock.untilSleeping()
    it.as.approveDevice()
    it.clock.advanceSeconds(5)
    expect((await signingIn).outcome).toBe('signed-in')
  },
)

test('device sign-in: the caller can stop waiting at any time', { tags: ['C-45'] }, async () => {
  await using it = await deviceScene()
  const stop = new AbortController()
  const signingIn = it.session({ signIn: it.signIn }).signIn({ signal: stop.signal })
  await it.clock.untilSleeping()
  stop.abort(new Error('Ctrl-C'))
  await expect(signingIn).rejects.toThrow('Ctrl-C')
  expect(it.clock.sleepers()).toBe(0)
  expect(it.as.count('token')).toBe(0)
})

test(
  'device sign-in: concurrent sessions over one store show one page',
  { tags: ['C-45', 'C-51'] },
  async () => {
    await using it = await deviceScene()
    const signingIn = Promise.all(
      Array.from({ length: 4 }, () => it.session({ signIn: it.signIn }).signIn()),
    )
    await it.clock.untilSleeping()
    it.as.approveDevice()
    it.clock.advanceSeconds(5)
    // The other sessions wait for the lock, which they ask for at short intervals.
    const outcomes = (await signingIn).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['adopted', 'adopted', 'adopted', 'signed-in'])
    expect(it.shown).toHaveLength(1)
  },
)

test(
  'device sign-in: a refused scope is requested without offline_access',
  { tags: ['C-45', 'C-08'] },
  async () => {
    await using it = await deviceScene()
    const description = 'offline_access is not allowed'
    it.as.faults.device.push({ kind: 'oauth-error', error: 'invalid_scope', description })
    it.as.faults.device.push({ kind: 'oauth-error', error: 'invalid_scope', description })
    const signingIn = it.session({ signIn: it.signIn }).signIn()
    await it.clock.untilSleeping()
    it.as.approveDevice()
    it.clock.advanceSeconds(5)
    const { fallbacks } = await signingIn
    expect(fallbacks?.map(({ fallback }) => fallback)).toContain('without-offline-access')
    const asked = it.as.requests.filter(({ endpoint }) => endpoint === 'device')
    expect(asked.at(-1)?.form['scope']).toBe('mcp:read')
  },
)

test.each([
  ['does not declare it', undefined, 'does not declare the device grant'],
  ['refuses the client', 'unauthorized_client', 'Allow the client'],
])(
  'device sign-in: a server that %s gets the other way to sign in, if there is one',
  { tags: ['C-45'] },
  async (_what, error, words) => {
    await using it = await scene({ as: error === undefined ? {} : { deviceGrant: {} } })
    const show = () => expect.unreachable('a page was shown')
    const refuse = () => {
      if (error !== undefined) it.as.faults.device.push({ kind: 'oauth-error', error })
    }
    refuse()
    const alone = it.session({ signIn: { kind: 'device', show } }).signIn()
    await expect(alone).rejects.toMatchObject({
      code: 'SIGN_IN_FAILED',
      message: expect.stringContaining(words),
    })
    // A stored client is replaced once before the other way is taken.
    refuse()
    refuse()
    const otherwise = headlessSignIn()
    const result = await it.session({ signIn: { kind: 'device', show, otherwise } }).signIn()
    expect(result.outcome).toBe('signed-in')
    // The page, and before it the check of a client that the device sign-in registered.
    expect(it.as.count('authorize')).toBe(error === undefined ? 1 : 2)
  },
)

test(
  'device sign-in: an unusable response is an error without the device code',
  { tags: ['C-45', 'C-06'] },
  async () => {
    await using it = await deviceScene()
    const body = JSON.stringify({ device_code: 'secret-device-code', user_code: 'A\u0000B' })
    it.as.faults.device.push({
      kind: 'status',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body,
    })
    const failing = it.session({ signIn: it.signIn }).signIn()
    await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('user_code') })
    await expect(failing).rejects.not.toMatchObject({
      message: expect.stringContaining('secret-device-code'),
    })
  },
)
