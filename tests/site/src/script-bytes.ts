import type { Browser } from 'playwright-core'
import { keepScreenshot, openWindow } from './browser.ts'

/** The bytes of JavaScript that a page transfers, compressed, until nothing is loaded any more. */
export async function scriptBytes(
  browser: Browser,
  url: string,
  screenshot: string,
): Promise<number> {
  const page = await (await openWindow(browser, 'light')).newPage()
  const sizes: Promise<number>[] = []
  page.on('response', (response) => {
    if (response.request().resourceType() !== 'script') return
    sizes.push(
      response
        .request()
        .sizes()
        .then(({ responseBodySize }) => responseBodySize),
    )
  })
  await page.goto(url, { waitUntil: 'networkidle' })
  await keepScreenshot(page, screenshot)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
