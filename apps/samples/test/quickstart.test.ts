import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { Scene } from './support.ts'
import { startScene } from './support.ts'

/** Runs the program, follows the authorization URL it prints as a browser does, and returns its output. */
async function runQuickstart(
  name: string,
  scene: Scene,
): Promise<{ pages: number[]; lines: string[] }> {
  const program = path.resolve(import.meta.dirname, '../src', name)
  const home = scene.environment['EVERGRANT_SAMPLES_HOME']
  const child = spawn(
    process.execPath,
    ['--conditions=workspace:source', program, scene.server.url],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      // `homedir()` reads the first on POSIX and the second on Windows.
      env: { ...process.env, HOME: home, USERPROFILE: home },
    },
  )
  const exit = once(child, 'exit')
  const lines: string[] = []
  /** Status of the last page of each sign-in. */
  const pages: number[] = []
  for await (const line of createInterface(child.stdout)) {
    const url = /^Sign in: (?<url>\S+)$/u.exec(line)?.groups?.['url']
    if (url === undefined) lines.push(line)
    else pages.push((await fetch(url)).status)
  }
  expect(await exit).toEqual([0, null])
  return { pages, lines }
}

const tools = 'Tools: notes_list, notes_read, notes_write, notes_delete, notes_statistics'

test.each([
  ['quickstart.ts', tools],
  ['quickstart-sdk-v1.ts', tools],
  ['quickstart-fetch.ts', expect.stringMatching(/^200: \d{4,} characters$/)],
])(
  '%s: signs in once, and the second run uses the stored sign-in',
  { tags: ['C-36', 'C-52'] },
  async (name, line) => {
    await using scene = await startScene()
    expect(await runQuickstart(name, scene)).toEqual({ pages: [200], lines: [line] })
    expect(await runQuickstart(name, scene)).toEqual({ pages: [], lines: [line] })
    expect(scene.as.stats().signIns).toBe(1)
  },
)
