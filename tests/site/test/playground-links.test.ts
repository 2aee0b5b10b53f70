import { describe, expect, test } from 'vitest'
import { executablePath, keepScreenshot, openPage } from '../src/browser.ts'
import type { ColorScheme } from '../src/browser.ts'
import { openPlayground, scopeOf } from '../src/playground-page.ts'
import { scriptBytes } from '../src/script-bytes.ts'
import { openSite } from '../src/open-site.ts'

/** JavaScript that the page transfers, compressed, with that of Docusaurus. */
const maximumScriptBytes = 250_000

describe.runIf(executablePath !== undefined)('playground: links and limits', () => {
  const opened = openSite()

  const open = (fragment = '', scheme: ColorScheme = 'light') =>
    openPlayground(opened.browser, opened.site.origin, fragment, scheme)

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

    const other = await openPage(opened.browser, link, 'light')
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

  test('size: transfers less than 250 KB of JavaScript', async () => {
    const bytes = await scriptBytes(
      opened.browser,
      `${opened.site.origin}/playground/`,
      'playground',
    )
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(maximumScriptBytes)
  })

  test('dark mode: the page follows the system', async () => {
    const { page } = await open('', 'dark')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    await keepScreenshot(page, 'playground-dark')
  })
})
