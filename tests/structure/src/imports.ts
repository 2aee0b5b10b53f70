import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'oxc-parser'

/** The import specifiers of one source file, type imports included. */
export interface SourceFile {
  /** Relative to the root of the repository, with `/`. */
  readonly path: string
  readonly imports: readonly string[]
}

/** Reads all TypeScript sources of a package's `src` folder. */
export function readSources(root: string, workspace: string): SourceFile[] {
  return globSync(`${workspace}/src/**/*.ts`, { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()
    .map((file) => ({
      path: file,
      imports: importsOf(file, readFileSync(path.join(root, file), 'utf8')),
    }))
}

/** All specifiers that a module imports, re-exports or loads on demand. */
export function importsOf(file: string, code: string): string[] {
  const { module, errors } = parseSync(file, code)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${String(errors[0]?.message)}`)
  const { staticImports, staticExports, dynamicImports } = module
  return [
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    // A dynamic import has a position only. One with a computed specifier is not a string literal.
    ...dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const literal = /^(['"])(?<specifier>.+)\1$/u.exec(code.slice(start, end))
      return literal?.groups?.['specifier'] ?? []
    }),
  ]
}
