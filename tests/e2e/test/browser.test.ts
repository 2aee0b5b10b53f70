import { loopbackSignIn } from '@evergrant/client/loopback'
import { findChromium, reportNotRun } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { openBrowser } from '../src/browser.ts'
import { stepUpScenario } from '../src/scenarios.ts'

const executablePath = findChromium()
if (executablePath === undefined) {
  reportNotRun(
    'sign-in in a browser',
    'Chromium: none is installed, and EVERGRANT_CHROMIUM is not set',
  )
}

describe.runIf(executablePath !== undefined)('in a real browser', () => {
  test(
    'browser: the user signs in and steps up through the loopback callback',
    { tags: ['C-08', 'C-36'] },
    async () => {
      const pages: Promise<void>[] = []
      const report = await stepUpScenario({
        signIn: loopbackSignIn(async (url) => {
          const page = openBrowser(url, executablePath)
          pages.push(page)
          await page
        }),
        seconds: 0,
      })
      expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
      // The sign-in does not wait for its page: wait until each page shows success.
      await Promise.all(pages)
    },
  )
})
