import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { executablePath, keepScreenshot, openPage } from '../src/browser.ts'
import { scriptBytes } from '../src/script-bytes.ts'
import { violationsOf } from '../src/violations.ts'
import type { ColorScheme } from '../src/browser.ts'
import { openSite } from '../src/open-site.ts'

const maximumScriptBytes = 250_000

describe.runIf(executablePath !== undefined)('simulator', () => {
  const opened = openSite()

  const open = (fragment = '', scheme: ColorScheme = 'light', device?: 'phone'): Promise<Page> =>
    openPage(opened.browser, `${opened.site.origin}/simulator/${fragment}`, scheme, device)

  async function count(page: Page, name: string): Promise<number> {
    return Number((await page.getByTestId(name).textContent())?.replaceAll(',', ''))
  }

  /** What the drawings tell a reader who does not see them. */
  const drawings = (page: Page): Promise<string> =>
    page
      .getByRole('img')
      .evaluateAll((images) => images.map((image) => image.getAttribute('aria-label')).join('\n'))

  test('first situation: the SDKs lose sign-ins, and Evergrant loses none', async () => {
    const page = await open()
    expect(await count(page, 'sdk-v1-signIns')).toBeGreaterThan(5)
    expect(await count(page, 'sdk-v2-signIns')).toBeGreaterThan(5)
    expect(await count(page, 'ours-signIns')).toBe(0)
    expect(await count(page, 'ours-refusedRefreshes')).toBe(0)
    await keepScreenshot(page, 'simulator')
  })

  test('without JavaScript: the page shows the first situation', async () => {
    const context = await opened.browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${opened.site.origin}/simulator/`)
    expect(await count(page, 'sdk-v1-signIns')).toBeGreaterThan(5)
    expect(await page.getByRole('figure').count()).toBe(3)
    await context.close()
  })

  test('seed: another one changes the drawing', async () => {
    const page = await open()
    const before = await drawings(page)
    await page.getByRole('button', { name: 'Next' }).click()
    await expect.poll(() => drawings(page)).not.toBe(before)
    expect(await page.getByLabel(/^Seed/).inputValue()).toBe('2')
    await page.getByLabel(/^Seed/).fill('1')
    await expect.poll(() => drawings(page)).toBe(before)
  })

  test('settings: a grace saves what parallel calls would end', async () => {
    const page = await open()
    await page.getByLabel('Outages of the server').fill('0')
    await page.getByLabel('Grace for a used token').selectOption('1 minute')
    await expect.poll(() => count(page, 'sdk-v2-signIns')).toBe(0)
    expect(await count(page, 'sdk-v2-refreshes')).toBeGreaterThan(
      await count(page, 'ours-refreshes'),
    )
    expect(await page.getByLabel('Situation').inputValue()).toBe('')
  })

  test('settings: a server that wants offline_access gives the SDKs no refresh token', async () => {
    const page = await open()
    await page.getByLabel('Situation').selectOption({ label: 'A server that wants offline_access' })
    await expect.poll(() => count(page, 'sdk-v2-refreshes')).toBe(0)
    expect(await drawings(page)).toContain('The server issues no refresh token to it.')
  })

  test('keyboard: a slider moves with the arrow keys, and a lane is added', async () => {
    const page = await open()
    const slider = page.getByLabel('Processes that share the sign-in')
    await slider.focus()
    await page.keyboard.press('ArrowRight')
    expect(await slider.inputValue()).toBe('3')
    await expect.poll(() => page.getByText('process 3', { exact: true }).count()).toBe(3)
  })

  test('link: it brings another reader to the same settings', async () => {
    const page = await open()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const before = await drawings(page)
    await page.getByLabel('Calls at the same time').fill('5')
    await expect.poll(() => drawings(page)).not.toBe(before)
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByText('Copied.').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    const other = await openPage(opened.browser, link, 'light')
    expect(await other.getByLabel('Calls at the same time').inputValue()).toBe('5')
    // The drawings follow the fields later.
    const drawn = await drawings(page)
    await expect.poll(() => drawings(other)).toBe(drawn)
  })

  test('hostile link: settings stay within their limits', async () => {
    const hostile = '#simulation=1&processes=99999&hours=9999999&seed=0&rotation=%'
    const page = await open(`${hostile}&callsAtOnce=3`)
    await expect.poll(() => page.getByLabel('Calls at the same time').inputValue()).toBe('3')
    expect(await page.getByLabel('Processes that share the sign-in').inputValue()).toBe('2')
    expect(await page.getByLabel(/^Seed/).inputValue()).toBe('1')
  })

  test.each(['light', 'dark'] as const)(
    'phone in %s: fits, and axe finds nothing',
    async (scheme) => {
      const page = await open('', scheme, 'phone')
      await page.getByText('Events as a list').first().click()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375)
      expect(await violationsOf(page)).toEqual([])
      await keepScreenshot(page, `simulator-phone-${scheme}`)
    },
  )

  test('size: transfers less than 250 KB of JavaScript', async () => {
    const { browser, site } = opened
    const bytes = await scriptBytes(browser, `${site.origin}/simulator/`, 'simulator-loaded')
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(maximumScriptBytes)
  })
})
