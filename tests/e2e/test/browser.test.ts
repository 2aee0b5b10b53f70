import process from 'node:process'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { describe, expect, test } from 'vitest'
import { findChromium, openBrowser } from '../src/browser.ts'
import { stepUpScenario } from '../src/scenarios.ts'

const executablePath = findChromium()
if (executablePath === undefined) {
  process.stderr.write(
    'The browser tests do not run: no Chromium was found. Install one, or name it in EVERGRANT_CHROMIUM.\n',
  )
}

describe.runIf(executablePath !== undefined)('in a real browser', () => {
  test(
    'a person signs in and steps up through the loopback callback',
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
      expect(report.promises.filter(({ kept }) => !kept)).toEqual([])
      // The sign-in does not wait for its page: each showed that it ended well.
      await Promise.all(pages)
    },
  )
})
