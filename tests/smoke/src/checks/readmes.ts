import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CheckResult, Installation, NodeRelease } from '../check.ts'

/** A whole file in a README: a block that imports. Other blocks are excerpts of the source. */
export interface ReadmeExample {
  /** Relative to the project, for example `readmes/core-1.ts`. */
  readonly file: string
  readonly code: string
}

/** Writes the examples of all READMEs, as they are printed, into the project. */
export function writeExamples({ packed, project }: Installation): readonly ReadmeExample[] {
  mkdirSync(path.join(project.folder, 'readmes'), { recursive: true })
  return [...packed.values()].flatMap(({ name, folder }) => {
    const examples = examplesOf(readFileSync(path.join(folder, 'README.md'), 'utf8'))
    if (name.startsWith('@') && examples.length === 0) {
      throw new Error(`The README of ${name} has no example that can be run.`)
    }
    return examples.map((code, index) => {
      const file = `readmes/${path.basename(folder)}-${index + 1}.ts`
      writeFileSync(path.join(project.folder, file), code)
      return { file, code }
    })
  })
}

/** Runs each example. A module of functions is loaded. */
export async function checkReadmes(
  { project }: Installation,
  examples: readonly ReadmeExample[],
  { version, program }: NodeRelease,
  mcpServer: string,
): Promise<CheckResult> {
  for (const { file } of examples) {
    await project.run(program, ['--experimental-strip-types', '--no-warnings', file, mcpServer])
  }
  return `${examples.length} examples of READMEs on Node.js ${version}`
}

function examplesOf(readme: string): readonly string[] {
  return Array.from(readme.matchAll(/^```ts[^\n]*\n(?<code>.*?)^```$/gms), ({ groups }) =>
    (groups?.['code'] ?? '').trim(),
  ).filter((code) => code.startsWith('import '))
}
