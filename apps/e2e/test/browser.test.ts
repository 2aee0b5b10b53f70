import process from 'node:process'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { describe, expect, test } from 'vitest'
import { findChromium, openBrowser } from '../src/demo/browser.ts'
import { stepUpScenario } from '../src/demo/scenarios.ts'

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
      const report = await stepUpScenario({
        signIn: loopbackSignIn((url) => openBrowser(url, executablePath)),
        seconds: 0,
      })
      expect(report.promises.filter(({ kept }) => !kept)).toEqual([])
    },
  )
})
