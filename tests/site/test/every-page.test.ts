import type { Browser, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { executablePath, launch, openWindow } from '../src/browser.ts'
import { serveSite } from '../src/built-site.ts'
import type { ServedSite } from '../src/built-site.ts'
import { colorViolationsOf, violationsOf } from '../src/violations.ts'

const timeout = 900_000
const phone = { width: 375, height: 812 }
const desktop = { width: 1280, height: 900 }

describe.runIf(executablePath !== undefined)('every page', () => {
  test(
    'axe finds no violation in light and dark, and no page is wider than a phone',
    { timeout },
    async () => {
      await using site = await serveSite()
      const browser = await launch()
      try {
        const pending = [...site.pages]
        // Two windows: the browser works on one page while the other is loaded.
        const found = await Promise.all([
          checkAll(browser, site, pending),
          checkAll(browser, site, pending),
        ])
        expect(site.pages.length).toBeGreaterThan(50)
        expect(found.flat()).toEqual([])
      } finally {
        await browser.close()
      }
    },
  )
})

/** Takes pages until none is pending, and returns what is wrong, one line for each finding. */
async function checkAll(
  browser: Browser,
  { origin }: ServedSite,
  pending: string[],
): Promise<readonly string[]> {
  const page = await (await openWindow(browser, 'light')).newPage()
  const findings: string[] = []
  for (let url = pending.pop(); url !== undefined; url = pending.pop()) {
    await page.setViewportSize(desktop)
    await page.goto(`${origin}${url}`)
    for (const finding of await check(page)) findings.push(`${url} ${finding}`)
  }
  return findings
}

async function check(page: Page): Promise<readonly string[]> {
  const light = await violationsOf(page)
  await page.evaluate(() => {
    document.documentElement.dataset['theme'] = 'dark'
  })
  // Only colors depend on the theme.
  const dark = await colorViolationsOf(page)
  await page.setViewportSize(phone)
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  return [
    ...light,
    ...dark.map((finding) => `dark: ${finding}`),
    ...(width > phone.width ? [`is ${width} px wide on a phone`] : []),
  ]
}
