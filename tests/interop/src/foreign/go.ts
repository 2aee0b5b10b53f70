import path from 'node:path'
import process from 'node:process'
import { cacheFolder, exists, sourceFolder } from './cache.ts'
import { run, runOrFail, runOrSkip, slowLimitMilliseconds } from './commands.ts'
import { NotRunError } from './not-run.ts'

/** Options of {@link prepareGo}. */
export interface GoOptions {
  /** The package to build. Default: the one in the source folder. */
  readonly package?: string
  readonly tags?: readonly string[]
}

/**
 * Downloads the modules of a peer's `go.sum` and builds its program into the cache.
 *
 * @param files - Names of the files that decide what is built.
 * @returns The path of the program.
 */
export async function prepareGo(
  name: string,
  files: readonly string[],
  options: GoOptions = {},
): Promise<string> {
  const cwd = sourceFolder(name)
  const { succeeded, stdout: version, complaint } = await run('go', ['env', 'GOVERSION'], { cwd })
  if (!succeeded) throw new NotRunError(`Go is not installed: ${complaint}`)
  const folder = await cacheFolder(name, [...files, 'go.mod', 'go.sum'], version)
  const program = path.join(folder, process.platform === 'win32' ? `${name}.exe` : name)
  if (await exists(program)) return program
  await runOrSkip('The Go module proxy gave not all modules', 'go', ['mod', 'download'], {
    cwd,
    timeoutMilliseconds: slowLimitMilliseconds,
  })
  const { package: target = '.', tags = [] } = options
  await runOrFail(
    'go',
    ['build', '-mod=readonly', `-tags=${tags.join(',')}`, '-o', program, target],
    { cwd, timeoutMilliseconds: slowLimitMilliseconds },
  )
  return program
}
