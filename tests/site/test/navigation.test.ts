import { describe, expect, test } from 'vitest'
import { executablePath, openPage } from '../src/browser.ts'
import { openSite } from '../src/open-site.ts'

describe.runIf(executablePath !== undefined)('navigation', () => {
  const opened = openSite()

  test('unknown address: the page says so', async () => {
    const page = await openPage(opened.browser, `${opened.site.origin}/no/such/page`, 'light')
    const heading = await page.getByRole('heading', { level: 1 }).textContent()
    expect(heading).toBe('This page does not exist')
    await page.getByRole('main').getByRole('link', { name: 'Look up an error code' }).click()
    await page.waitForURL(/\/reference\/errors/)
  })

  test('navbar: highlights the part of the site that is open', async () => {
    const page = await openPage(opened.browser, `${opened.site.origin}/`, 'light')
    const current: Record<string, readonly string[]> = {}
    for (const url of [
      '/tutorial/',
      '/guides/doctor/',
      '/providers/okta/',
      '/reference/errors/',
      '/playground/',
      '/simulator/',
    ]) {
      await page.goto(`${opened.site.origin}${url}`)
      current[url] = await page
        .locator('.navbar__link--active:not([href$="github.com/evergrant/evergrant"])')
        .evaluateAll((links) => links.map(({ textContent }) => textContent))
    }
    expect(current).toEqual({
      '/tutorial/': ['Tutorial', '0.x'],
      '/guides/doctor/': ['Guides', '0.x'],
      '/providers/okta/': ['Providers', '0.x'],
      '/reference/errors/': ['Reference', '0.x'],
      '/playground/': ['Playground'],
      '/simulator/': ['Playground'],
    })
  })
})
