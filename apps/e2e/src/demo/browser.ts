import process from 'node:process'
import open from 'open'
import { chromium } from 'playwright-core'

/**
 * Shows a URL in a real browser: the person's own, or, with `EVERGRANT_CHROMIUM` naming a Chromium
 * executable, a headless one that stays until the page at the end of the sign-in is there.
 */
export async function openBrowser(url: string): Promise<void> {
  const executablePath = process.env['EVERGRANT_CHROMIUM']
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
