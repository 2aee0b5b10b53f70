import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runInProcess, temporaryFolder } from './support.ts'

const run = promisify(execFile)

test.each(['bash', 'zsh', 'fish', 'powershell'])(
  'completion: the script for %s has every command and the choices of options',
  async (shell) => {
    const { code, out } = await runInProcess(['completion', shell], {})
    expect(code).toBe(0)
    for (const word of ['login', 'status', 'resources', 'completion']) expect(out).toContain(word)
    expect(out).toContain('device-code')
    expect(out).toContain('by-rule')
  },
)

test('completion: another shell is refused with the choices', async () => {
  const { code, err } = await runInProcess(['completion', 'tcsh'], {})
  expect(code).toBe(2)
  expect(err).toContain('bash, zsh, fish, powershell')
})

test.runIf(spawnSync('bash', ['--version']).status === 0)(
  'completion: bash completes commands, options and choices',
  async () => {
    await using folder = await temporaryFolder()
    const script = path.join(folder.path, 'completion.bash')
    await writeFile(script, (await runInProcess(['completion', 'bash'], {})).out)
    async function complete(...words: readonly string[]): Promise<readonly string[]> {
      const quoted = words.map((word) => `'${word}'`).join(' ')
      const { stdout } = await run('bash', [
        '--norc',
        '-c',
        `source '${script}'; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _evergrant; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ])
      return stdout.split('\n').filter(Boolean)
    }
    expect(await complete('evergrant', 'log')).toEqual(['login', 'logout'])
    expect(await complete('evergrant', 'login', '--dev')).toEqual(['--device-code'])
    expect(await complete('evergrant', 'login', '--prompt', '')).toEqual([
      'by-rule',
      'consent',
      'never',
    ])
    expect(await complete('evergrant', 'status', '--device')).toEqual([])
  },
)
