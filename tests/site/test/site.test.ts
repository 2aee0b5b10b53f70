import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { executablePath, keepScreenshot, openPage } from '../src/browser.ts'
import type { ColorScheme } from '../src/browser.ts'
import { scriptBytes } from '../src/script-bytes.ts'
import { openSite } from '../src/open-site.ts'

/** JavaScript that the front page transfers, compressed. */
const maximumScriptBytes = 120_000

describe.runIf(executablePath !== undefined)('documentation site', () => {
  const opened = openSite()

  function open(url: string, scheme: ColorScheme): Promise<Page> {
    return openPage(opened.browser, `${opened.site.origin}${url}`, scheme)
  }

  test('search: finds an error code in a guide before the pages of the API', async () => {
    const page = await open('/', 'light')
    await page.keyboard.press('/')
    const input = page.getByRole('searchbox', { name: 'Search this site' })
    await input.fill('SIGN_IN_REQUIRED')
    const results = page.getByRole('dialog').locator('li > a')
    await results.first().waitFor()
    const urls = await results.evaluateAll((links) =>
      links.map((link) => link.getAttribute('href')),
    )
    const places = urls.map((url) => (url?.includes('/reference/api/') === true ? 'api' : 'other'))
    expect(urls[0]).toContain('/guides/')
    expect(places).toEqual(places.toSorted().toReversed())
    await keepScreenshot(page, 'search')
    await input.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname !== '/')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  test('search: says that it found nothing, and closes with Escape', async () => {
    const page = await open('/', 'light')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('searchbox').fill('qzxjvkwy')
    await page.getByText('Nothing found.').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
  })

  test('code: the button copies the code of the block', async () => {
    const page = await open('/guides/clients/', 'light')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const figure = page.locator('figure').first()
    await figure.hover()
    await figure.getByRole('button', { name: 'Copy' }).click()
    await figure.getByRole('button', { name: 'Copied' }).waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain("import { createSession } from '@evergrant/client'\n")
    expect(copied).toBe(await figure.locator('code').textContent())
  })

  test('dark mode: the reader can switch, and the next page keeps it', async () => {
    const page = await open('/', 'light')
    const theme = () => page.locator('html').getAttribute('data-theme')
    expect(await theme()).toBe('light')
    while ((await theme()) !== 'dark') {
      await page.getByRole('button', { name: /Switch between dark and light mode/ }).click()
    }
    await page.goto(`${opened.site.origin}/guides/clients/`)
    expect(await theme()).toBe('dark')
    await keepScreenshot(page, 'guide-dark')
  })

  test('front page: transfers little JavaScript', async () => {
    const bytes = await scriptBytes(opened.browser, opened.site.origin, 'front-page')
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(maximumScriptBytes)
  })
})
