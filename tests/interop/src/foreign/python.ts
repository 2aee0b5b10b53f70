import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { cacheFolder, exists, sourceFolder } from './cache.ts'
import { run, runOrSkip } from './commands.ts'
import { NotRunError } from './not-run.ts'

const oldest = { major: 3, minor: 11 }

/**
 * Installs the `requirements.txt` of a peer into a virtual environment in the cache.
 *
 * @returns The path of its Python.
 */
export async function preparePython(name: string): Promise<string> {
  const { command, version } = await findPython()
  const folder = await cacheFolder(name, ['requirements.txt'], version)
  const environment = path.join(folder, 'venv')
  const python =
    process.platform === 'win32'
      ? path.join(environment, 'Scripts', 'python.exe')
      : path.join(environment, 'bin', 'python')
  const complete = path.join(folder, 'complete')
  if (await exists(complete)) return python
  await rm(environment, { recursive: true, force: true })
  await runOrSkip(`Python ${version} makes no virtual environment`, command, [
    '-m',
    'venv',
    environment,
  ])
  await runOrSkip('PyPI gave not all packages', python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary=:all:',
    '--require-hashes',
    '--requirement',
    path.join(sourceFolder(name), 'requirements.txt'),
  ])
  await writeFile(complete, '')
  return python
}

async function findPython(): Promise<{ readonly command: string; readonly version: string }> {
  const program = 'import sys; print(*sys.version_info[:2], sep=".")'
  let tooOld: string | undefined
  for (const command of ['python3', 'python']) {
    const { succeeded, stdout } = await run(command, ['-c', program])
    if (!succeeded) continue
    const version = stdout.trim()
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major === oldest.major && minor >= oldest.minor) return { command, version }
    tooOld = version
  }
  throw new NotRunError(
    tooOld === undefined
      ? 'Python is not installed'
      : `Python is ${tooOld} (expected ${oldest.major}.${oldest.minor} or later)`,
  )
}
