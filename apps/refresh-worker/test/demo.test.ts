import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { reportNotRun } from '@evergrant/test-kit'
import { expect, test } from 'vitest'

const url = process.env['EVERGRANT_TEST_POSTGRES_URL']
if (url === undefined)
  reportNotRun('evergrant-worker: demo', 'PostgreSQL: EVERGRANT_TEST_POSTGRES_URL is not set')

test.runIf(url !== undefined)(
  'demo: two built workers refresh each user once for an expiry',
  { tags: ['C-51'] },
  async () => {
    const main = path.join(import.meta.dirname, '..', 'demo', 'main.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=workspace:source',
      main,
      '--users',
      '10',
      '--expiries',
      '1',
    ])
    expect(stdout).toContain('✓ refresh requests, one for each user and expiry')
    expect(stdout).toContain('✓ users that are still signed in')
    expect(stdout).toMatch(/worker 2: .* INFO {2}stopped\n/)
  },
)
