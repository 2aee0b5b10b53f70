import { existsSync } from 'node:fs'
import process from 'node:process'
import open from 'open'
import { chromium } from 'playwright-core'

/** Where Chromium usually is; the person's own choice in `EVERGRANT_CHROMIUM` comes first. */
const usualPlaces: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** A Chromium that tests can drive, if there is one on this machine. */
export function findChromium(): string | undefined {
  return process.env['EVERGRANT_CHROMIUM'] ?? usualPlaces.find((place) => existsSync(place))
}

/**
 * Shows a URL in a real browser: the person's own, or a headless Chromium that stays until the
 * page at the end of the sign-in is there.
 *
 * @param executablePath - The Chromium to drive. Default: the person's own browser.
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
