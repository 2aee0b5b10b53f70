import { describe, expect, test } from 'vitest'
import { executablePath, launch, openWindow } from '../src/browser.ts'
import { serveSite } from '../src/built-site.ts'
import { violationsOf } from '../src/violations.ts'

const timeout = 900_000

describe.runIf(executablePath !== undefined)('accessibility', () => {
  test.each(['light', 'dark'] as const)(
    'every page in %s: axe finds no violation',
    { timeout },
    async (colorScheme) => {
      await using site = await serveSite()
      const browser = await launch()
      try {
        const page = await (await openWindow(browser, colorScheme)).newPage()
        const violations: Record<string, readonly string[]> = {}
        for (const url of site.pages) {
          await page.goto(`${site.origin}${url}`)
          const found = await violationsOf(page)
          if (found.length > 0) violations[url] = found
        }
        expect(site.pages.length).toBeGreaterThan(50)
        expect(violations).toEqual({})
      } finally {
        await browser.close()
      }
    },
  )
})
