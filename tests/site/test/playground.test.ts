import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executablePath, keepScreenshot, launch, openPage, openWindow } from '../src/browser.ts'
import type { ColorScheme } from '../src/browser.ts'
import { serveSite } from '../src/built-site.ts'
import type { ServedSite } from '../src/built-site.ts'
import { scriptBytes } from '../src/script-bytes.ts'
import { violationsOf } from '../src/violations.ts'

/** JavaScript that the page transfers, compressed, with that of Docusaurus. */
const maximumScriptBytes = 250_000

describe.runIf(executablePath !== undefined)('playground', () => {
  let site: ServedSite
  let browser: Browser

  beforeAll(async () => {
    site = await serveSite()
    browser = await launch()
  })
  afterAll(async () => {
    await browser.close()
    await site[Symbol.asyncDispose]()
  })

  /** Fails on every error of a script, at the end of the test. */
  async function open(
    fragment = '',
    scheme: ColorScheme = 'light',
    device?: 'phone',
  ): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
    const page = await openPage(browser, `${site.origin}/playground/${fragment}`, scheme, device)
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    return { page, errors }
  }

  const scopeOf = (page: Page) => page.getByTestId('scope').textContent()

  test('without JavaScript: the page shows the decision for the first preset', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${site.origin}/playground/`)
    expect(await scopeOf(page)).toBe('mcp:read offline_access with prompt=consent')
    expect(await page.getByRole('link', { name: 'Requirement C-02' }).getAttribute('href')).toBe(
      '/reference/requirements#c-02',
    )
    await context.close()
  })

  test('preset: a product changes the scope, the URL and the forecast', async () => {
    const { page, errors } = await open()
    await page.getByLabel('Preset').selectOption({ label: 'Google' })
    await expect.poll(() => scopeOf(page)).toBe('mcp:read with prompt=consent')
    const parameters = page.locator('dl')
    expect(await parameters.getByText('access_type', { exact: true }).count()).toBe(1)
    expect(await page.getByTestId('outlook').textContent()).toContain('probably gets a refresh')
    expect(await page.getByText('Profile: Google').count()).toBe(1)
    expect(errors).toEqual([])
  })

  test('typing: the decision follows each key', async () => {
    const { page } = await open()
    const challenge = page.getByLabel('WWW-Authenticate of the 401')
    await challenge.fill('Bearer scope="files:read files:write"')
    await expect.poll(() => scopeOf(page)).toContain('files:read files:write offline_access')
    await challenge.press('ControlOrMeta+a')
    await challenge.pressSequentially('Bearer scope="x"')
    await expect.poll(() => scopeOf(page)).toContain('x offline_access')
  })

  test('error: it is beside its field, and the way back works', async () => {
    const { page, errors } = await open()
    const document = page.getByLabel('Authorization server metadata')
    await document.fill('{\n  "issuer": <script>alert(1)</script>\n}')
    const message = 'The authorization server metadata is not JSON from line 2 on.'
    await page.locator('#field-serverMetadata-messages').getByText(message).waitFor()
    expect(await document.getAttribute('aria-invalid')).toBe('true')
    expect(await document.getAttribute('aria-describedby')).toContain('serverMetadata-messages')
    await keepScreenshot(page, 'playground-error')
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('region', { name: 'What the client does' }).getByText(message).click()
    expect(await document.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(
      true,
    )
    await page.getByRole('button', { name: 'Undo changes' }).click()
    await expect.poll(() => scopeOf(page)).toContain('mcp:read offline_access')
    expect(errors).toEqual([])
  })

  test('a megabyte in a field: the page says that it is too long', async () => {
    const { page, errors } = await open()
    await page.getByLabel('Protected resource metadata').fill('x'.repeat(1_048_576))
    await page
      .locator('#field-resourceMetadata-messages')
      .getByText('1,048,576 characters')
      .waitFor()
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByText('The link would be longer than 16,000 characters.').waitFor()
    expect(errors).toEqual([])
  })

  test('link: it brings another reader to the same state', async () => {
    const { page } = await open()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByLabel('Preset').selectOption({ label: 'Keycloak' })
    await page.getByLabel('WWW-Authenticate of the 401').fill('Bearer scope="päge & <b>"')
    await page.getByLabel('Wants a refresh token').uncheck()
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByText('Copied.').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    expect(link).toBe(page.url())

    const other = await openPage(browser, link, 'light')
    expect(await other.getByLabel('Preset').inputValue()).toBe('keycloak')
    expect(await other.getByLabel('WWW-Authenticate of the 401').inputValue()).toBe(
      'Bearer scope="päge & <b>"',
    )
    expect(await other.getByLabel('Wants a refresh token').isChecked()).toBe(false)
    await expect.poll(() => scopeOf(other)).toBe(await scopeOf(page))
  })

  test('hostile links: the page opens, and shows what it can', async () => {
    for (const fragment of [
      '#%',
      '#preset=__proto__',
      '#preset=start&challenge=%E0%A4%A&prompt=login&registration=x',
      `#preset=start&serverMetadata=${'%7B'.repeat(10_000)}`,
    ]) {
      const { page, errors } = await open(fragment)
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Playground')
      await page.getByLabel('Preset').selectOption({ label: 'Google' })
      await expect.poll(() => scopeOf(page)).toBe('mcp:read with prompt=consent')
      expect(errors).toEqual([])
      await page.context().close()
    }
  })

  test('keyboard: a preset, a field and the options are reached with Tab', async () => {
    const { page } = await open()
    await page.getByLabel('Preset').focus()
    await page.keyboard.press('ArrowDown')
    await expect
      .poll(() => page.getByLabel('Preset').inputValue())
      .toBe('resource-lists-offline-access')
    const reached: string[] = []
    for (let count = 0; count < 12; count += 1) {
      await page.keyboard.press('Tab')
      reached.push(
        await page.evaluate(() => {
          const { activeElement } = document
          return activeElement instanceof HTMLInputElement ||
            activeElement instanceof HTMLTextAreaElement ||
            activeElement instanceof HTMLSelectElement
            ? (activeElement.labels?.[0]?.textContent ?? '')
            : (activeElement?.textContent ?? '')
        }),
      )
    }
    expect(reached.slice(0, 6)).toEqual([
      'Copy link',
      'URL of the MCP server',
      'WWW-Authenticate of the 401',
      'Protected resource metadata',
      // The requirement that the document violates.
      'S-02',
      'Authorization server metadata',
    ])
    expect(reached).toContain('Wants a refresh token')
    expect(reached).toContain('Further options')
  })

  test.each(['light', 'dark'] as const)(
    'phone in %s: fits, and axe finds nothing',
    async (scheme) => {
      const { page } = await open('#preset=entra', scheme, 'phone')
      await page.getByText('Further options').click()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375)
      expect(await violationsOf(page)).toEqual([])
      await keepScreenshot(page, `playground-phone-${scheme}`)
    },
  )

  test('size: transfers less than 250 KB of JavaScript', async () => {
    const bytes = await scriptBytes(browser, `${site.origin}/playground/`, 'playground')
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(maximumScriptBytes)
  })

  test('dark mode: the reader can switch', async () => {
    const page = await (await openWindow(browser, 'dark')).newPage()
    await page.goto(`${site.origin}/playground/`)
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    await keepScreenshot(page, 'playground-dark')
  })
})
