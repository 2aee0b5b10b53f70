import path from 'node:path'
import process from 'node:process'
import { cacheFolder, exists, sourceFolder } from './cache.ts'
import { run, runOrFail, runOrSkip, slowLimitMilliseconds } from './commands.ts'
import { NotRunError } from './not-run.ts'

/**
 * Downloads the crates of a peer's `Cargo.lock` and builds its program into the cache.
 *
 * @returns The path of the program.
 */
export async function prepareRust(name: string): Promise<string> {
  const cwd = sourceFolder(name)
  const { succeeded, stdout: version } = await run('cargo', ['--version'], { cwd })
  if (!succeeded) throw new NotRunError('Rust is not installed')
  const folder = await cacheFolder(name, ['Cargo.toml', 'Cargo.lock', 'src/main.rs'], version)
  const file = process.platform === 'win32' ? `${name}.exe` : name
  const program = path.join(folder, 'debug', file)
  if (await exists(program)) return program
  await runOrSkip('crates.io gave not all crates', 'cargo', ['fetch', '--quiet', '--locked'], {
    cwd,
  })
  await runOrFail('cargo', ['build', '--quiet', '--locked', '--offline', '--target-dir', folder], {
    cwd,
    timeoutMilliseconds: slowLimitMilliseconds,
  })
  return program
}
