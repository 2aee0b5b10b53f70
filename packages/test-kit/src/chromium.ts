import { existsSync } from 'node:fs'
import process from 'node:process'

/** Usual paths of Chromium and Chrome. `EVERGRANT_CHROMIUM` overrides them. */
const usualPaths: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** Path of a Chromium that tests can drive, if one is installed. */
export function findChromium(): string | undefined {
  return process.env['EVERGRANT_CHROMIUM'] ?? usualPaths.find((file) => existsSync(file))
}
