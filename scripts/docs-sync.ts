/**
 * Copies code from tested files into pages.
 *
 * A fence names its source: a file, relative to the page, and optionally a region in it
 * (`// #region name` … `// #endregion name`). Without a region, the fence contains the whole file.
 *
 *     ```ts title="client.ts" source="../apps/samples/src/client-fetch.ts#connect"
 *
 * With `--check`, it fails on a difference instead of writing.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')
const check = process.argv.includes('--check')
const fence =
  /^(?<open>(?<ticks>`{3,})\w+[^\n]*\bsource="(?<source>[^"]+)"[^\n]*)\n(?<code>[\s\S]*?)^\k<ticks>$/gm

const pages = [
  ...(existsSync(path.join(root, 'docs')) ? markdownIn('docs') : []),
  'README.md',
  ...['packages', 'apps', 'tests'].flatMap((parent) =>
    readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}/README.md`),
  ),
].filter((page) => existsSync(path.join(root, page)))

let fences = 0
const outdated: string[] = []
for (const page of pages) {
  const text = readFileSync(path.join(root, page), 'utf8')
  const synced = text.replace(fence, (...match) => {
    const { open, ticks, source } = match.at(-1) as { open: string; ticks: string; source: string }
    fences += 1
    return `${open}\n${code(page, source)}\n${ticks}`
  })
  if (synced === text) continue
  outdated.push(page)
  if (!check) writeFileSync(path.join(root, page), synced)
}

if (check && outdated.length > 0) {
  process.stderr.write(
    `Code differs from its source in ${outdated.join(', ')}. Run \`pnpm docs:sync\`.\n`,
  )
  process.exit(1)
}
process.stdout.write(`${fences} code fences in ${pages.length} pages equal their sources.\n`)

function code(page: string, source: string): string {
  const [file = '', region] = source.split('#')
  const absolute = path.resolve(root, path.dirname(page), file)
  if (!existsSync(absolute)) return failed(page, `${source} does not exist`)
  const lines = readFileSync(absolute, 'utf8').trimEnd().split('\n')
  if (region === undefined) return lines.join('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const end = lines.findIndex((line) => line.trim() === `// #endregion ${region}`)
  if (start < 0 || end < start) return failed(page, `${source}: the file has no such region`)
  return dedent(lines.slice(start + 1, end).filter((line) => !/^\s*\/\/ #(end)?region /.test(line)))
}

function dedent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  const indent = Math.min(...indents)
  return lines.map((line) => line.slice(indent)).join('\n')
}

function markdownIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.mdx?$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
}

function failed(page: string, why: string): never {
  process.stderr.write(`${page}: ${why}.\n`)
  process.exit(1)
}
