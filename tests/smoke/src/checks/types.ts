import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import type { CheckResult, Installation } from '../check.ts'
import type { ScratchProject } from '../scratch-project.ts'
import type { ReadmeExample } from './readmes.ts'

const require = createRequire(import.meta.url)

/** The oldest supported TypeScript and the current one. */
const compilers = ['typescript-5', 'typescript'] as const
const moduleSettings = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
] as const

/** Type-checks all entry points and all examples as strictly as the compiler can. */
export async function checkTypes(
  { packed, project }: Installation,
  examples: readonly ReadmeExample[],
): Promise<CheckResult> {
  const entries = [...packed.values()].flatMap((one) => one.entries)
  const lines = entries.map(
    (entry, index) => `import * as entry${index} from '${entry}'\nexport { entry${index} }`,
  )
  writeFileSync(path.join(project.folder, 'entries.ts'), lines.join('\n'))
  const versions: string[] = []
  const others = new Set<string>()
  for (const compiler of compilers) {
    const manifest = require.resolve(`${compiler}/package.json`)
    const { version } = require(manifest) as { readonly version: string }
    for (const [index, setting] of moduleSettings.entries()) {
      const compilerOptions = {
        ...setting,
        target: 'es2024',
        lib: ['es2024'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        skipLibCheck: false,
        noEmit: true,
      }
      const files = ['entries.ts', ...examples.map(({ file }) => file)]
      const tsconfig = `tsconfig.${index}.json`
      writeFileSync(
        path.join(project.folder, tsconfig),
        JSON.stringify({ compilerOptions, files }, undefined, 2),
      )
      const program = path.join(path.dirname(manifest), 'bin/tsc')
      const errors = await errorsOf(project, [program, '-p', tsconfig, '--pretty', 'false'])
      const own = errors.filter((line) => !isOfOthers(line, [...packed.keys()]))
      if (own.length > 0) throw new Error(`TypeScript ${version}:\n${own.join('\n')}`)
      for (const line of errors) {
        others.add(line.replace(/\(.*$/, '').replace(/^.*node_modules\//, ''))
      }
    }
    versions.push(version)
  }
  const elsewhere = others.size === 0 ? '' : `; errors of other packages: ${[...others].join(', ')}`
  return `0 errors with TypeScript ${versions.join(' and ')}, strict, without skipLibCheck${elsewhere}`
}

async function errorsOf(
  project: ScratchProject,
  parameters: readonly string[],
): Promise<readonly string[]> {
  try {
    await project.run(process.execPath, parameters)
    return []
  } catch (error) {
    const errors = String(error)
      .split('\n')
      .filter((line) => line.includes('error TS'))
    // The compiler itself failed.
    if (errors.length === 0) throw error
    return errors
  }
}

/** An error in the declarations of another package, which its users meet without ours, too. */
function isOfOthers(line: string, ours: readonly string[]): boolean {
  return (
    line.startsWith('node_modules/') && !ours.some((name) => line.includes(`node_modules/${name}/`))
  )
}
