import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { findChromium, reportNotRun } from '@evergrant/test-kit'

/** The Chromium of this machine, or `undefined`. */
export const executablePath: string | undefined = findChromium()
if (executablePath === undefined) {
  reportNotRun(
    'documentation site in a browser',
    'Chromium: none is installed, and EVERGRANT_CHROMIUM is not set',
  )
}

const screenshots = path.resolve(import.meta.dirname, '../coverage/screenshots')

export async function launch(): Promise<Browser> {
  // Chromium refuses its sandbox to root, as which CI runs.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args,
  })
}

export type ColorScheme = 'light' | 'dark'

/** A window of a desktop, or of a phone. */
export async function openWindow(
  browser: Browser,
  colorScheme: ColorScheme,
  device: 'desktop' | 'phone' = 'desktop',
): Promise<BrowserContext> {
  const viewport = device === 'phone' ? { width: 375, height: 812 } : { width: 1280, height: 900 }
  return await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' })
}

/** Opens an address in a window of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  scheme: ColorScheme,
  device?: 'phone',
): Promise<Page> {
  const page = await (await openWindow(browser, scheme, device)).newPage()
  await page.goto(url)
  // Keys and buttons work once React has taken over the page.
  await page.locator('html[data-has-hydrated=true]').waitFor()
  return page
}

/** Keeps a picture of the page, for people. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await mkdir(screenshots, { recursive: true })
  await page.screenshot({ path: path.join(screenshots, `${name}.png`), animations: 'disabled' })
}
