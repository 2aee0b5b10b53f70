import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'

/**
 * Writes a page of the docs that is made from something else, or, with `--check` on the command
 * line, fails when the page is not what that makes.
 *
 * @param name - The page, from the `docs` folder on.
 * @param script - Its script in `package.json`.
 */
export async function keepMadePage(name: string, made: string, script: string): Promise<void> {
  const page = path.resolve(import.meta.dirname, '..', 'docs', name)
  if (!process.argv.includes('--check')) {
    await writeFile(page, made)
  } else if ((await readFile(page, 'utf8').catch(() => '')) !== made) {
    process.stderr.write(`docs/${name} is out of date. Run: pnpm ${script}\n`)
    process.exitCode = 1
  }
}
