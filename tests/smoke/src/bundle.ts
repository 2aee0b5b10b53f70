import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { rolldown } from 'rolldown'
import type { ScratchProject } from './scratch-project.ts'

const programs = path.resolve(import.meta.dirname, '../programs')

/** Bundles one of our programs with the installed packages of a project, as its user would. */
export async function bundleProgram(
  project: ScratchProject,
  name: string,
  runtime: 'browser' | 'workerd',
): Promise<string> {
  const folder = path.join(project.folder, 'programs')
  mkdirSync(folder, { recursive: true })
  const input = path.join(folder, name)
  copyFileSync(path.join(programs, name), input)
  const bundle = await rolldown({
    input,
    platform: runtime === 'browser' ? 'browser' : 'neutral',
    // The conditions of the bundlers for both.
    resolve: {
      conditionNames: [
        ...(runtime === 'workerd' ? ['workerd', 'worker'] : []),
        'browser',
        'import',
        'default',
      ],
    },
    onLog(level, log) {
      // A module of Node.js would be missing at run time.
      if (level === 'warn') throw new Error(`${name}: ${log.message}`)
    },
  })
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false })
  await bundle.close()
  return output[0].code
}
