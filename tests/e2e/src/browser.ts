import process from 'node:process'
import open from 'open'
import { chromium } from 'playwright-core'

/**
 * Opens a URL in the user's browser, or in a headless Chromium that stays open until the last page
 * of the sign-in is shown.
 *
 * @param executablePath - The Chromium to drive. Default: the user's browser.
 */
export async function openBrowser(
  url: string,
  executablePath = process.env['EVERGRANT_CHROMIUM'],
): Promise<void> {
  if (executablePath === undefined) {
    await open(url)
    return
  }
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  try {
    const page = await browser.newPage()
    await page.goto(url)
    await page.getByRole('heading', { name: 'Signed in' }).waitFor()
  } finally {
    await browser.close()
  }
}
