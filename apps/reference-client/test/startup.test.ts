import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createProgram } from '../src/commands/program.ts'
import type { CommandRunner } from '../src/commands/runner.ts'
import { runInProcess, temporaryFolder } from './support.ts'

const main = path.join(import.meta.dirname, '..', 'src', 'main.ts')
const run = promisify(execFile)

async function manifest(): Promise<{ readonly version: string; readonly engines: unknown }> {
  const file = path.join(import.meta.dirname, '..', 'package.json')
  return JSON.parse(await readFile(file, 'utf8'))
}

test.each(['--version', '-V'])('startup: %s loads no command and no dependency', async (flag) => {
  await using folder = await temporaryFolder()
  const loads = path.join(folder.path, 'loads.mjs')
  // Reports every module that is loaded, with its URL.
  await writeFile(
    loads,
    "import { registerHooks } from 'node:module'\n" +
      "registerHooks({ load: (url, context, next) => { process.stderr.write(url + '\\n'); return next(url, context) } })\n",
  )
  const { stdout, stderr } = await run(process.execPath, [
    '--conditions=workspace:source',
    '--import',
    loads,
    main,
    flag,
  ])
  expect(stdout).toBe(`${(await manifest()).version}\n`)
  const files = stderr.split('\n').filter((url) => url.startsWith('file:') && url !== loads)
  const names = files.map((url) => path.posix.basename(url)).filter((name) => name !== 'loads.mjs')
  expect(names).toEqual(['main.ts', 'process.ts', 'browser.ts', 'version.ts', 'package.json'])
})

test.each(['0.12.18', '12.22.12', '18.20.8', '20.19.0', '22.15.1'])(
  'startup: Node.js %s gets a message that names the supported versions',
  async (version) => {
    await using folder = await temporaryFolder()
    const pretend = path.join(folder.path, 'pretend.cjs')
    const versions = `Object.assign({}, process.versions, { node: '${version}' })`
    await writeFile(pretend, `Object.defineProperty(process, 'versions', { value: ${versions} })`)
    const failed: unknown = await run(process.execPath, [
      '--require',
      pretend,
      main,
      'status',
    ]).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 2, stdout: '' })
    expect(failed).toMatchObject({
      stderr: expect.stringContaining('(expected 22.16 or later). Install a later version'),
    })
    expect((await manifest()).engines).toEqual({ node: '>=22.16' })
  },
)

/** The commands of the program. */
function commands(): ReturnType<typeof createProgram>['commands'] {
  const runner: CommandRunner = {
    withApp: () => expect.unreachable('help runs no command'),
    withoutStore: () => expect.unreachable('help runs no command'),
  }
  const environment = { stdout: () => undefined, stderr: () => undefined, env: {} }
  return createProgram(environment, false, runner).commands
}

test.each(commands().map((command) => command.name()))(
  'startup: the help of %s has examples that name the command',
  async (name) => {
    const { code, out } = await runInProcess([name, '--help'], {})
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`Examples:\\n(?:.*\\n)*? {2}\\$ evergrant ${name}`))
  },
)
