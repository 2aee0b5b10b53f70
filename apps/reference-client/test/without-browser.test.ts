import { expect, test } from 'vitest'
import { canOpenBrowser } from '../src/lib/browser.ts'
import type { CliEnvironment } from '../src/index.ts'
import type { Scene } from './support.ts'
import { runInProcess, scene } from './support.ts'

/** A terminal over SSH: no browser, and no page or program that could reach the callback. */
const overSsh: Partial<CliEnvironment> = {
  isInteractive: true,
  readLine: (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    }),
}

/** Approves as soon as the program shows a code, as a user on a telephone does. */
function approving(s: Scene, decide: (code: string) => void = (code) => s.as.approveDevice(code)) {
  const shown: string[] = []
  return {
    shown,
    stderr: (text: string): void => {
      const code = /enter the code ([0-9A-F]+):/.exec(text)?.[1]
      if (code === undefined) return
      shown.push(code)
      decide(code)
    },
  }
}

const fast = { deviceGrant: { intervalSeconds: 1 } }

test.each([[[]], [['--no-browser']], [['--device-code']]])(
  'login: over SSH, %j signs in on another device, without a loopback callback',
  { tags: ['C-45', 'C-02'] },
  async (flags) => {
    await using s = await scene(fast)
    const user = approving(s)
    const { code, out, err } = await s.run(['login', s.url, ...flags], {
      ...overSsh,
      stderr: user.stderr,
    })
    expect(code).toBe(0)
    expect(user.shown).toHaveLength(1)
    expect(err).toContain(`${s.as.issuer}/device`)
    expect(out).toContain('refresh token         issued: you stay signed in')
    expect(s.as.count('authorize')).toBe(0)
    expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
  },
)

test(
  'login: over SSH, a server without the device grant gets a pasted URL, without a loopback callback',
  { tags: ['C-36'] },
  async () => {
    await using s = await scene()
    const address = Promise.withResolvers<string>()
    const { code, err } = await s.run(['login', s.url], {
      ...overSsh,
      stderr(text) {
        const url = /http:\S+\/authorize\S+/.exec(text)?.[0]
        if (url !== undefined) address.resolve(url)
      },
      // The browser of the user's machine cannot reach the callback: its address bar has the URL.
      async readLine() {
        const answer = await fetch(await address.promise, { redirect: 'manual' })
        return answer.headers.get('location') ?? ''
      },
    })
    expect(code).toBe(0)
    expect(err).toContain('paste the URL that it was redirected to')
  },
)

test(
  'login: the user who declines on the other device gets the reason',
  { tags: ['C-45'] },
  async () => {
    await using s = await scene(fast)
    const user = approving(s, (shown) => s.as.declineDevice(shown))
    const { code, err } = await s.run(['login', s.url, '--device-code'], { stderr: user.stderr })
    expect(code).toBe(3)
    expect(err).toContain('declined')
  },
)

test(
  'login: --device-code says that the server does not support it',
  { tags: ['C-45'] },
  async () => {
    await using s = await scene()
    const { code, err } = await s.run(['login', s.url, '--device-code'])
    expect(code).toBe(3)
    expect(err).toContain('does not declare the device grant')
  },
)

test(
  'login: Ctrl-C ends the wait for the other device, and stores nothing',
  { tags: ['C-45'] },
  async () => {
    await using s = await scene(fast)
    const interruption = new AbortController()
    const user = approving(s, () => interruption.abort())
    const { signal } = interruption
    const { code } = await s.run(['login', s.url, '--device-code'], { stderr: user.stderr, signal })
    expect(code).toBe(130)
    expect((await s.run(['status'])).out).toContain('No stored sign-in')
  },
)

test(
  'tools: processes that start together over SSH show one code',
  { tags: ['C-45', 'C-51'] },
  async () => {
    await using s = await scene(fast)
    const user = approving(s)
    const runs = await Promise.all(
      Array.from({ length: 3 }, () => s.run(['tools', s.url], { ...overSsh, stderr: user.stderr })),
    )
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(user.shown).toHaveLength(1)
  },
)

test('login: client credentials give access without a user, and later commands need no option', async () => {
  const clientSecret = 'a-long-client-secret'
  await using s = await scene({ clients: [{ clientId: 'robot', clientSecret }] })
  const env = { ...s.env, EVERGRANT_CLIENT_SECRET: clientSecret }
  const client = ['--client-id', 'robot', '--issuer', s.as.issuer]
  const login = await s.run(['login', s.url, '--client-credentials', ...client], { env })
  expect(login.err).toBe('')
  expect(login.code).toBe(0)
  expect((await s.run(['call', s.url, 'notes_list', '--client-credentials'])).code).toBe(0)
  expect(s.as.count('authorize')).toBe(0)
  expect(s.printed.join('')).not.toContain(clientSecret)
})

test('login: client credentials need a client with a secret', async () => {
  await using s = await scene()
  const { code, err } = await s.run(['login', s.url, '--client-credentials'])
  expect(code).toBe(2)
  expect(err).toContain('has no secret')
  expect(err).toContain('--client-id and --issuer')
})

test.each([
  [['--device-code', '--headless']],
  [['--device-code', '--callback-port', '1']],
  [['--client-credentials', '--device-code']],
])('login: %j cannot be combined', async (flags) => {
  const { code, err } = await runInProcess(['login', 'https://mcp.test/', ...flags], {})
  expect(code).toBe(2)
  expect(err).toContain('cannot be used with')
})

test.each([
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', { WSL_DISTRO_NAME: 'Ubuntu' }, true],
  ['linux', { SSH_CONNECTION: '1', DISPLAY: 'localhost:10.0' }, true],
  ['darwin', {}, true],
  ['darwin', { SSH_CONNECTION: '1' }, false],
  ['win32', {}, true],
  ['win32', { SSH_TTY: '/dev/pts/0' }, false],
])('browser: on %s with %j, a browser can be opened: %s', (platform, env, expected) => {
  expect(canOpenBrowser(env, platform)).toBe(expected)
})
