import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { cacheFolder, exists, sourceFolder } from './cache.ts'
import { run, runOrSkip } from './commands.ts'
import { NotRunError } from './not-run.ts'

const oldestJava = 17

/**
 * Runs goals of Maven on the `pom.xml` of a peer, once for each content of the files.
 *
 * @param files - Names of the files that decide what is built, besides `pom.xml`.
 * @param goals - They write to the folder that the property `folder` names.
 * @returns The folder.
 */
export async function prepareMaven(
  name: string,
  files: readonly string[],
  goals: readonly string[],
): Promise<string> {
  if (process.platform === 'win32') throw new NotRunError('Maven is a batch file on Windows')
  await requireJava()
  const maven = await run('mvn', ['--version'])
  if (!maven.succeeded) throw new NotRunError('Maven is not installed')
  const folder = await cacheFolder(name, [...files, 'pom.xml'], '')
  const complete = path.join(folder, 'complete')
  if (await exists(complete)) return folder
  await runOrSkip('Maven could not get or build all artifacts', 'mvn', [
    '--batch-mode',
    '--quiet',
    '--strict-checksums',
    '--file',
    path.join(sourceFolder(name), 'pom.xml'),
    `-Dfolder=${folder}`,
    ...goals,
  ])
  await writeFile(complete, '')
  return folder
}

async function requireJava(): Promise<void> {
  const { succeeded, complaint } = await run('java', ['-version'])
  if (!succeeded) throw new NotRunError('Java is not installed')
  const version = Number(/version "(\d+)/u.exec(complaint)?.[1])
  if (!(version >= oldestJava)) {
    throw new NotRunError(`Java is ${version} (expected ${oldestJava} or later)`)
  }
}
