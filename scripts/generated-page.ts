import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')

/**
 * Writes a generated page of the docs. With `--check` on the command line, fails when the page is
 * not up to date.
 *
 * @param name - The page, relative to the `docs` folder.
 * @param script - Its script in `package.json`.
 */
export async function writeGeneratedPage(
  name: string,
  generated: string,
  script: string,
): Promise<void> {
  await writeOrCheck(`docs/${name}`, () => generated, script)
}

/**
 * Writes a folder of generated pages, and removes pages that are no longer generated. With `--check`,
 * fails when the folder is not up to date.
 *
 * @param folder - Relative to the `docs` folder.
 * @param pages - The text of each page by its name.
 */
export async function writeGeneratedFolder(
  folder: string,
  pages: Readonly<Record<string, string>>,
  script: string,
): Promise<void> {
  const location = path.join(root, 'docs', folder)
  await mkdir(location, { recursive: true })
  for (const name of await readdir(location)) {
    if (name in pages) continue
    if (process.argv.includes('--check')) {
      process.stderr.write(`docs/${folder}/${name} is not generated. Run: pnpm ${script}\n`)
      process.exitCode = 1
    } else {
      await rm(path.join(location, name))
    }
  }
  for (const [name, text] of Object.entries(pages)) {
    await writeGeneratedPage(`${folder}/${name}`, text, script)
  }
}

/**
 * Writes a generated section of a file, between `<!-- marker: … -->` and `<!-- /marker -->`. With
 * `--check`, fails when the section is not up to date.
 *
 * @param file - The file, relative to the repository.
 */
export async function writeGeneratedSection(
  file: string,
  marker: string,
  generated: string,
  script: string,
): Promise<void> {
  const section = new RegExp(`(<!-- ${marker}:[^\\n]*-->\\n)[^]*?(<!-- /${marker} -->)`, 'u')
  await writeOrCheck(
    file,
    (current) => {
      if (!section.test(current)) throw new Error(`${file} has no section ${marker}`)
      return current.replace(
        section,
        (_, start: string, end: string) => `${start}\n${generated}\n\n${end}`,
      )
    },
    script,
  )
}

/**
 * Writes a generated file. With `--check`, fails when it is not up to date.
 *
 * @param file - The file, relative to the repository.
 */
export async function writeGeneratedFile(
  file: string,
  generated: string,
  script: string,
): Promise<void> {
  await writeOrCheck(file, () => generated, script)
}

async function writeOrCheck(
  file: string,
  make: (current: string) => string,
  script: string,
): Promise<void> {
  const location = path.join(root, file)
  const current = await readFile(location, 'utf8').catch(() => '')
  const generated = make(current)
  if (!process.argv.includes('--check')) {
    await writeFile(location, generated)
  } else if (current !== generated) {
    process.stderr.write(`${file} is out of date. Run: pnpm ${script}\n`)
    process.exitCode = 1
  }
}
