import { copyFileSync, globSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { OptionError } from './options.ts'
import type { Workspace } from './workspaces.ts'

/** The folder of a project in which packed libraries are. */
const vendorFolder = 'vendor'

/**
 * The packed file of each library, as `pnpm pack` names it.
 *
 * @throws OptionError if one is missing.
 */
export function findTarballs(
  folder: string,
  libraries: readonly Workspace[],
): ReadonlyMap<string, string> {
  const files = globSync('**/*.tgz', { cwd: folder })
  return new Map(
    libraries.map(({ name, version }) => {
      const expected = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
      const file = files.find((one) => path.basename(one) === expected)
      if (file === undefined) {
        throw new OptionError(
          `--tarballs cannot be used: ${folder} has no ${expected}. Build the packages and run: pnpm --filter ${name} pack --pack-destination ${folder}`,
        )
      }
      return [name, path.join(folder, file)]
    }),
  )
}

/** Copies packed libraries into a project. Returns what overrides the registry. */
export function copyTarballs(
  root: string,
  tarballs: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  if (tarballs.size > 0) mkdirSync(path.join(root, vendorFolder), { recursive: true })
  return Object.fromEntries(
    Array.from(tarballs, ([name, file]) => {
      const target = `${vendorFolder}/${path.basename(file)}`
      copyFileSync(file, path.join(root, target))
      return [name, `file:./${target}`]
    }),
  )
}
