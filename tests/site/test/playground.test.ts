import { describe, expect, test } from 'vitest'
import { executablePath, keepScreenshot } from '../src/browser.ts'
import type { ColorScheme } from '../src/browser.ts'
import { openPlayground, scopeOf } from '../src/playground-page.ts'
import { violationsOf } from '../src/violations.ts'
import { openSite } from '../src/open-site.ts'

describe.runIf(executablePath !== undefined)('playground', () => {
  const opened = openSite()

  const open = (fragment = '', scheme: ColorScheme = 'light', device?: 'phone') =>
    openPlayground(opened.browser, opened.site.origin, fragment, scheme, device)

  test('without JavaScript: the page shows the decision for the first preset', async () => {
    const context = await opened.browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${opened.site.origin}/playground/`)
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
})
