import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../..')

test('front page: its figures are those of the benchmark', async () => {
  const html = await readFile(path.join(root, 'apps/docs/build/index.html'), 'utf8')
  const page = Array.from(
    html.matchAll(/<tr><th scope="?row"?>(.*?)(?=<\/t|<tr>)/g),
    ([, row = '']) =>
      row
        .replaceAll(/<[^>]+>/g, '|')
        .split('|')
        .filter(Boolean),
  )
  const readme = await readFile(path.join(root, 'tests/bench/README.md'), 'utf8')
  const [, table = ''] = readme.split('### One expiry, one process')
  const measured = Array.from(
    table.matchAll(/^\| ([^|]+) \| 10 \| (\d+) \| (\d+ of 10) \| \d+ \| (\w+) \|$/gm),
    ([, name, requests, lost, grant]) => [name, requests, lost, grant === 'dead' ? 'ended' : grant],
  )
  expect(measured).toHaveLength(3)
  // The other table of the page is that of the simulation, which `pnpm simulate` writes.
  const names = new Set(measured.map(([name]) => name))
  expect(page.filter(([name]) => names.has(name))).toEqual(measured)
})
