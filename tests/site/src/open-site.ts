import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launch } from './browser.ts'
import { serveSite } from './built-site.ts'
import type { ServedSite } from './built-site.ts'

/** The site and a browser, while tests run. */
export interface OpenedSite {
  readonly site: ServedSite
  readonly browser: Browser
}

/** Serves the site and starts a browser for the tests of the surrounding `describe`. */
export function openSite(): OpenedSite {
  let opened: OpenedSite | undefined
  beforeAll(async () => {
    opened = { site: await serveSite(), browser: await launch() }
  })
  afterAll(async () => {
    await opened?.browser.close()
    await opened?.site[Symbol.asyncDispose]()
  })
  const started = (): OpenedSite => {
    if (opened === undefined) throw new Error('The site is not open before the tests run.')
    return opened
  }
  return {
    get site() {
      return started().site
    },
    get browser() {
      return started().browser
    },
  }
}
