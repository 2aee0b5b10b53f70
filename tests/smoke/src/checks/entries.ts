import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CheckResult, Installation, NodeRelease } from '../check.ts'

/** Imports every entry point of every package, and runs the commands. */
export async function checkEntries(
  { packed, project }: Installation,
  { version, program }: NodeRelease,
): Promise<CheckResult> {
  const entries = [...packed.values()].flatMap((one) => one.entries)
  const lines = entries.map(
    (entry) =>
      `if (Object.keys(await import('${entry}')).length === 0) throw new Error('${entry} exports nothing')`,
  )
  writeFileSync(path.join(project.folder, 'entries.mjs'), lines.join('\n'))
  await project.run(program, ['entries.mjs'])
  for (const name of ['evergrant', 'evergrant-worker']) {
    const printed = await project.run(program, [`node_modules/${name}/dist/main.js`, '--version'])
    if (!/^\d+\.\d+\.\d+/.test(printed)) throw new Error(`${name} --version printed ${printed}`)
  }
  return `${entries.length} entry points on Node.js ${version}`
}
