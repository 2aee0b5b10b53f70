import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { findChromium, reportNotRun } from '@evergrant/test-kit'
import { chromium } from 'playwright-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hashPassword } from '../../src/accounts/accounts.ts'
import type { AuthorizationServerOptions } from '../../src/index.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { startDevice } from '../device.ts'
import {
  authorizationRequest,
  presentation,
  redeem,
  register,
  resource,
  startServer,
  temporaryFolder,
} from '../support.ts'

const executablePath = findChromium()

if (executablePath === undefined) {
  reportNotRun(
    'pages in a browser',
    'Chromium: none is installed, and EVERGRANT_CHROMIUM is not set',
  )
}

const password = 'correct horse'
const hash = hashPassword(password)
const staysSignedIn = 'It stays signed in while you are away, for up to 90 days.'
const artefacts = path.join(import.meta.dirname, '..', '..', 'artefacts')

/** A server with one account, a redirect target, and a browser. */
async function open(options: AuthorizationServerOptions = {}) {
  const folder = temporaryFolder()
  const databasePath = folder.file('as.db')
  const store = openSqliteStore(databasePath)
  await store.accounts.add({ id: 'a1', username: 'alice', passwordHash: await hash })
  await store.close()
  const server = await startServer({ demo: false, resources: [resource], databasePath, ...options })
  const callback = createServer((_request, response) => response.end('<h1>Back at the app</h1>'))
  await new Promise<void>((resolve) => {
    callback.listen(0, '127.0.0.1', resolve)
  })
  const address = callback.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const redirectUri = `http://127.0.0.1:${address.port}/callback`
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-sync'],
  })
  // The pages must work without scripts.
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  const violations: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') violations.push(message.text())
  })
  return {
    server,
    page,
    violations,
    /** An authorization request of a new client. */
    async request(
      metadata: Record<string, string | string[]> = {},
      parameters: Record<string, string> = {},
    ) {
      const client = await register(server, { client_name: 'Weather desk', ...metadata })
      return await authorizationRequest(server, client, {
        redirect_uri: redirectUri,
        ...parameters,
      })
    },
    redirectUri,
    async [Symbol.asyncDispose]() {
      await browser.close()
      callback.close()
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

/** Presses Tab until the control with that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const names: string[] = []
  for (const _ of Array.from({ length: 12 })) {
    const focused = page.locator(':focus')
    const snapshot = (await focused.count()) === 0 ? '' : await focused.ariaSnapshot()
    names.push(snapshot)
    if (snapshot.includes(`"${name}"`)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`no control called ${name}, but ${names.join(', ')}`)
}

async function signInByKeyboard(page: Page): Promise<void> {
  await tabTo(page, 'User name')
  await page.keyboard.type('alice')
  await tabTo(page, 'Password')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
}

/** Pictures of a page in both color schemes. */
async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(artefacts, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({
      path: path.join(artefacts, `${name}-${colorScheme}.png`),
      fullPage: true,
    })
  }
}

describe.runIf(executablePath !== undefined)('in a real browser, without scripts', () => {
  test(
    'browser: sign in, allow, and end the access by keyboard only',
    { tags: ['A-10', 'A-11'], timeout: 60_000 },
    async () => {
      await using opened = await open()
      const { server, page } = opened
      const authorization = await opened.request({}, { scope: 'mcp:read mcp:write offline_access' })
      await page.goto(authorization.url.href)
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
        'Sign in to continue to Weather desk',
      )
      await picture(page, 'sign-in')
      await signInByKeyboard(page)

      await page.getByRole('heading', { name: 'Allow Weather desk to use your account?' }).waitFor()
      await picture(page, 'consent')
      expect(await page.getByText(staysSignedIn).count()).toBe(1)
      expect(await page.getByText('Change data through the tools').count()).toBe(1)
      await tabTo(page, 'Allow')
      await page.keyboard.press('Enter')

      await page.getByRole('heading', { name: 'Back at the app' }).waitFor()
      const tokens = await redeemAt(opened, authorization)
      const refreshToken = tokens.refresh_token ?? ''
      expect(await presentation(server, authorization.client, refreshToken)).toBe('ok')

      await page.goto(`${server.issuer}/account`)
      await page.getByRole('region', { name: 'Weather desk' }).waitFor()
      await picture(page, 'account')
      await tabTo(page, 'End access of Weather desk')
      await page.keyboard.press('Enter')
      await page.getByRole('status').getByText('The sign-in has ended').waitFor()
      await picture(page, 'account-ended')
      expect(await page.getByRole('region', { name: 'Weather desk' }).count()).toBe(0)
      expect(await presentation(server, authorization.client, refreshToken)).toBe('invalid_grant')
      expect(opened.violations).toEqual([])
    },
  )

  test.each([
    ['oauth21', ['authorization_code'], 'mcp:read', false],
    ['oauth21', ['authorization_code', 'refresh_token'], 'mcp:read', true],
    ['oidc', ['authorization_code', 'refresh_token'], 'mcp:read', false],
    ['oidc', ['authorization_code', 'refresh_token'], 'mcp:read offline_access', true],
    ['never', ['authorization_code', 'refresh_token'], 'mcp:read offline_access', false],
  ] as const)(
    'browser: with %s, %s, %s, the consent page says what will happen',
    { tags: ['A-10', 'A-01'], timeout: 60_000 },
    async (preset, grantTypes, scope, lasts) => {
      await using opened = await open({ preset })
      const { page } = opened
      const authorization = await opened.request({ grant_types: [...grantTypes] }, { scope })
      await page.goto(authorization.url.href)
      await signInByKeyboard(page)
      await page.getByRole('button', { name: 'Allow' }).waitFor()
      expect(await page.getByText(staysSignedIn).count()).toBe(lasts ? 1 : 0)
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.getByRole('heading', { name: 'Back at the app' }).waitFor()
      const { refresh_token: refreshToken } = await redeemAt(opened, authorization)
      expect(refreshToken !== undefined).toBe(lasts)
    },
  )

  test(
    'browser: a wrong password is announced to screen readers, and Deny leads back',
    { tags: ['A-10'], timeout: 60_000 },
    async () => {
      await using opened = await open()
      const { page } = opened
      const authorization = await opened.request()
      await page.goto(authorization.url.href)
      await page.getByLabel('User name').fill('alice')
      await page.getByLabel('Password').fill('wrong password')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('do not match').waitFor()
      await picture(page, 'sign-in-failed')
      // The name is kept, and the password field has the focus.
      expect(await page.locator(':focus').getAttribute('name')).toBe('password')
      await page.keyboard.type(password)
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByRole('heading', { name: 'Back at the app' }).waitFor()
      expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
      expect(opened.violations.filter((text) => !text.includes('status of 422'))).toEqual([])
    },
  )
})

describe.runIf(executablePath !== undefined)('the device grant in a real browser', () => {
  test(
    'browser: enter a code, compare it, and allow a device by keyboard only',
    { tags: ['A-14', 'A-10'], timeout: 60_000 },
    async () => {
      await using opened = await open()
      const { server, page } = opened
      const { device, poll } = await startDevice(server)
      await page.goto(device.verification_uri)
      await page.getByRole('heading', { name: 'Enter the code that your device shows' }).waitFor()
      await tabTo(page, 'Code')
      await page.keyboard.type('bbbb-bbbb')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('not known').waitFor()
      await picture(page, 'device-code')
      await tabTo(page, 'Code')
      await page.keyboard.type(device.user_code.toLowerCase())
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Does your device show this code?' }).waitFor()
      expect(await page.getByText(device.user_code, { exact: true }).count()).toBe(1)
      await picture(page, 'device-compare')
      await tabTo(page, 'Continue')
      await page.keyboard.press('Enter')
      await page.getByText('You sign in on another device.').waitFor()
      await signInByKeyboard(page)
      await page.getByRole('heading', { name: 'Allow Weather desk to use your account?' }).waitFor()
      expect(await page.getByText(staysSignedIn).count()).toBe(1)
      await picture(page, 'device-consent')
      await tabTo(page, 'Allow')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
      expect(await poll()).toMatchObject({ refresh_token: expect.any(String) })
      expect(opened.violations.filter((text) => !text.includes('status of 422'))).toEqual([])

      const another = await startDevice(server)
      await page.goto(another.device.verification_uri_complete ?? '')
      expect(await page.getByLabel('Code').inputValue()).toBe(another.device.user_code)
    },
  )
})

/** Redeems the response in the browser's URL. */
async function redeemAt(
  opened: Awaited<ReturnType<typeof open>>,
  authorization: Awaited<ReturnType<typeof authorizationRequest>>,
) {
  const answer = new URL(opened.page.url())
  return await redeem(opened.server, authorization, answer, opened.redirectUri)
}
