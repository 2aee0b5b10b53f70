import * as oauth from 'oauth4webapi'
import { expect, test } from 'vitest'
import type { AuthorizationServerOptions } from '../../src/index.ts'
import { createBrowser } from '../browser.ts'
import type { Visited } from '../browser.ts'
import { credentials, startServerWithAccount } from '../server-with-account.ts'
import { deviceGrant, startDevice } from '../device.ts'
import { discover, insecure, register, startServer } from '../support.ts'

async function scene(options: AuthorizationServerOptions = {}) {
  const { server, ...rest } = await startServerWithAccount(options)
  const browser = createBrowser(server.issuer)
  /** Submits a form of the engine, whose token has another name. */
  async function submit(page: Visited, fields: Record<string, string>): Promise<Visited> {
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1]
    return await browser.submit(page, { csrf: undefined, ...(xsrf ? { xsrf } : {}), ...fields })
  }
  return { server, browser, submit, ...rest }
}

/** Everything that the user does with a code. */
async function approve(it: Awaited<ReturnType<typeof scene>>, userCode: string): Promise<Visited> {
  const entry = await it.browser.visit('/device')
  const confirm = await it.submit(entry, { user_code: userCode })
  const signIn = await it.submit(confirm, { user_code: userCode, confirm: 'yes' })
  const consent = await it.browser.submit(signIn, credentials)
  expect(consent.text).toContain('the device that shows the code')
  return await it.browser.submit(consent, { decision: 'allow' })
}

test(
  'device grant: the user enters a code, signs in and allows, and the device gets a refresh token',
  { tags: ['A-14', 'A-10', 'A-11'] },
  async () => {
    await using it = await scene()
    const { device, poll } = await startDevice(it.server)
    expect(device.user_code).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/)
    expect(await poll()).toMatchObject({ error: 'authorization_pending' })
    const done = await approve(it, device.user_code)
    expect(done.text).toContain('You are signed in')
    const tokens = await poll()
    expect(tokens).toMatchObject({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      scope: expect.stringContaining('mcp:read'),
    })
    const account = await it.browser.visit('/account')
    expect(account.text).toContain('Weather desk')
    // RFC 6819 §5.2.1.1: a code that is used twice ends its grant.
    expect(await poll()).toMatchObject({ error: 'invalid_grant' })
    expect((await it.browser.visit('/account')).text).not.toContain('Weather desk')
  },
)

test('device grant: the metadata declares it', { tags: ['A-14'] }, async () => {
  await using it = await scene()
  expect(await discover(it.server)).toMatchObject({
    device_authorization_endpoint: `${it.server.issuer}/device/auth`,
    grant_types_supported: expect.arrayContaining([deviceGrant]),
  })
})

test(
  'device grant: the page says which application asks, and warns about codes in messages',
  { tags: ['A-14'] },
  async () => {
    await using it = await scene()
    const { device } = await startDevice(it.server)
    const entry = await it.browser.visit(device.verification_uri_complete ?? '')
    expect(entry.text).toContain(`value="${device.user_code}"`)
    expect(entry.text).not.toContain('<script')
    const confirm = await it.submit(entry, { user_code: device.user_code })
    expect(confirm.text).toContain('Weather desk')
    expect(confirm.text).toContain(device.user_code)
    expect(confirm.text).toContain('If you received the code or a link in a message')
  },
)

test(
  'device grant: a code that the user cancels ends for the device',
  { tags: ['A-14'] },
  async () => {
    await using it = await scene()
    const { device, poll } = await startDevice(it.server)
    const entry = await it.browser.visit('/device')
    const confirm = await it.submit(entry, { user_code: device.user_code })
    const canceled = await it.submit(confirm, {
      user_code: device.user_code,
      confirm: 'yes',
      abort: 'yes',
    })
    expect(canceled.text).toContain('The device gets no access')
    expect(await poll()).toMatchObject({ error: 'access_denied' })
  },
)

test(
  'device grant: a user who denies the scope ends the code for the device',
  { tags: ['A-14'] },
  async () => {
    await using it = await scene()
    const { device, poll } = await startDevice(it.server)
    const entry = await it.browser.visit('/device')
    const confirm = await it.submit(entry, { user_code: device.user_code })
    const signIn = await it.submit(confirm, { user_code: device.user_code, confirm: 'yes' })
    const consent = await it.browser.submit(signIn, credentials)
    await it.browser.submit(consent, { decision: 'deny' })
    expect(await poll()).toMatchObject({ error: 'access_denied' })
  },
)

test.each([
  ['unknown', 'BBBB-BBBB', 'not known'],
  ['empty', '', 'Enter a code'],
])(
  'device grant: a code that is %s gets the form again',
  { tags: ['A-14'] },
  async (_what, code, words) => {
    await using it = await scene()
    const entry = await it.browser.visit('/device')
    const again = await it.submit(entry, { user_code: code })
    expect(again.status).toBe(422)
    expect(again.text).toContain(words)
  },
)

test('device grant: a form of another site approves nothing', { tags: ['A-14'] }, async () => {
  await using it = await scene()
  const { device, poll } = await startDevice(it.server)
  await it.browser.visit('/device')
  const body = new URLSearchParams({ user_code: device.user_code, confirm: 'yes', xsrf: 'forged' })
  const forged = await it.browser.visit('/device', { method: 'POST', body })
  expect(forged.status).toBe(400)
  expect(forged.text).toContain('This page was not accepted')
  expect(await poll()).toMatchObject({ error: 'authorization_pending' })
})

test(
  'device grant: a client that did not register for it is refused',
  { tags: ['A-14'] },
  async () => {
    await using it = await scene()
    const as = await discover(it.server)
    const client = await register(it.server)
    const answer = await oauth.deviceAuthorizationRequest(as, client, oauth.None(), {}, insecure)
    expect(await answer.json()).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('not allowed for this client'),
    })
  },
)

test(
  'device grant: the client risk rules apply as to a program on this machine',
  { tags: ['A-14', 'A-10'] },
  async () => {
    await using it = await scene({ localRedirectLifetimeSeconds: 0 })
    const { device, poll } = await startDevice(it.server)
    await approve(it, device.user_code)
    const tokens = await poll()
    expect(tokens).toMatchObject({ access_token: expect.any(String) })
    expect(tokens).not.toHaveProperty('refresh_token')
  },
)

test(
  'device grant: a stored code cannot be presented by its record',
  { tags: ['A-14'] },
  async () => {
    await using it = await scene()
    const { device, client } = await startDevice(it.server)
    await approve(it, device.user_code)
    const hashed = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(device.device_code)),
    )
    const record = `record:${Buffer.from(hashed).toString('base64url')}`
    const as = await discover(it.server)
    const answer = await oauth.deviceCodeGrantRequest(as, client, oauth.None(), record, insecure)
    expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
  },
)

test(
  'device grant: entering codes is limited, and waiting for the user is not',
  { tags: ['A-14'] },
  async () => {
    await using it = await scene()
    const { poll } = await startDevice(it.server)
    const statuses: number[] = []
    const entry = await it.browser.visit('/device')
    for (let guess = 0; guess < 61; guess += 1) {
      statuses.push((await it.submit(entry, { user_code: 'BBBB-BBBB' })).status)
    }
    expect(statuses.at(-1)).toBe(429)
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    for (let pending = 0; pending < 101; pending += 1) {
      expect(await poll()).toMatchObject({ error: 'authorization_pending' })
    }
  },
)

test('device grant: the demo approves without a sign-in', { tags: ['A-14'] }, async () => {
  await using server = await startServer()
  const { device, poll } = await startDevice(server)
  const browser = createBrowser(server.issuer)
  const submit = async (page: Visited, fields: Record<string, string>) =>
    await browser.submit(page, {
      csrf: undefined,
      xsrf: /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '',
      ...fields,
    })
  const entry = await browser.visit('/device')
  const confirm = await submit(entry, { user_code: device.user_code })
  const done = await submit(confirm, { user_code: device.user_code, confirm: 'yes' })
  expect(done.text).toContain('You are signed in')
  expect(await poll()).toMatchObject({ refresh_token: expect.any(String) })
})
