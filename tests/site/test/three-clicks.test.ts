import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { executablePath, keepScreenshot, openPage } from '../src/browser.ts'
import { openSite } from '../src/open-site.ts'

/** A link in the text of a page, as a reader finds it. */
type Click = (main: Locator) => Locator

const link =
  (name: string): Click =>
  (main) =>
    main.getByRole('link', { name, exact: true }).first()

const routes: readonly {
  readonly reader: string
  readonly clicks: readonly Click[]
  readonly url: RegExp
  readonly setting: string
}[] = [
  {
    reader: 'SDK 2.x client and Keycloak',
    clicks: [link('Clients'), link('Keycloak')],
    url: /\/providers\/keycloak\/?#what-to-switch-on$/,
    setting: 'offline_access',
  },
  {
    reader: 'Entra ID signs out hourly',
    clicks: [
      link('the page of your authorization server'),
      (main) =>
        main.getByRole('row', { name: 'Users sign in every hour' }).getByRole('link', {
          name: 'Entra ID',
        }),
    ],
    url: /\/providers\/entra-id\/?#what-to-switch-on$/,
    setting: 'Sign-in frequency',
  },
  {
    reader: "my server's users are asked every hour",
    clicks: [
      link('Find out why sign-ins end'),
      link('All users of your server are asked every hour'),
      link('Choose the policy'),
    ],
    url: /\/guides\/authorization-servers\/?#choose-the-policy$/,
    setting: 'oauth21',
  },
]

describe.runIf(executablePath !== undefined)('three clicks', () => {
  const opened = openSite()

  test.each(routes)('$reader: the setting is near', async ({ reader, clicks, url, setting }) => {
    expect(clicks.length).toBeLessThanOrEqual(3)
    const page: Page = await openPage(opened.browser, `${opened.site.origin}/`, 'light')
    const main = page.getByRole('main')
    for (const click of clicks) {
      const before = page.url()
      await click(main).click()
      await page.waitForURL((now) => now.href !== before)
    }
    expect(page.url()).toMatch(url)
    // The address changes before the page does.
    await main.getByText(setting).first().waitFor()
    await keepScreenshot(page, reader.replaceAll(/\W+/g, '-').toLowerCase())
  })
})
