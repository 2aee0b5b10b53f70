import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'jsonc-parser'
import { seededRandom } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { mcpHosts } from '../src/hosts/host-files.ts'
import { writeEntry } from '../src/hosts/write-entry.ts'
import { CliError } from '../src/lib/errors.ts'
import { temporaryFolder } from './support.ts'

type Random = () => number

const files = [
  '{"mcpServers":{"other":{"command":"x"}},"theme":"dark"}',
  '{\n\t// mine\n\t"mcpServers": {\n\t\t"other": { "command": "x" }, // keep\n\t},\n\t"n": [1, 2]\n}\n',
  '{\r\n  "a": null,\r\n  "mcpServers": {\r\n    "example": { "command": "y" }\r\n  }\r\n}\r\n',
  '\uFEFF{ "ü": "\\u0000", "mcpServers": {} /* end */ }',
  '{}',
]
const noise = ['', '{', '}', '"', ',', ':', '\\', '//', '/*', '*/', '\0', 'null', '1e999', '\u2028']

/** Cuts, inserts or repeats a part of a text. */
function mutate(random: Random, text: string): string {
  const at = Math.floor(random() * (text.length + 1))
  const until = at + Math.floor(random() * 30)
  const kind = random()
  if (kind < 0.3) return text.slice(0, at) + text.slice(at, until).repeat(2) + text.slice(until)
  const inserted = noise[Math.floor(random() * noise.length)] ?? ''
  return `${text.slice(0, at)}${inserted}${kind < 0.7 ? text.slice(at) : text.slice(until)}`
}

const host = mcpHosts.find(({ id }) => id === 'cursor')
const entry = { command: 'npx', args: ['-y', 'evergrant', 'proxy', 'https://mcp.example.com/mcp'] }

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'config: 100 mutated files, seed %d: the entry is written and the rest kept, or nothing is changed',
  async (seed) => {
    if (host === undefined) throw new Error('expected a host')
    const random = seededRandom(seed)
    await using folder = await temporaryFolder()
    const faults: string[] = []
    for (let number = 0; number < 100; number += 1) {
      const file = path.join(folder.path, `${number}.json`)
      let before = files[number % files.length] ?? ''
      for (let times = Math.floor(random() * 3); times >= 0; times -= 1) {
        before = mutate(random, before)
      }
      await writeFile(file, before)
      const failure = await writeEntry(host, file, 'example', entry).then(
        () => undefined,
        (error: unknown) => error,
      )
      const after = await readFile(file, 'utf8')
      const isRight = failure === undefined ? isWritten(before, after) : before === after
      if (!isRight || (failure !== undefined && !CliError.is(failure))) faults.push(before)
    }
    expect(faults).toEqual([])
    const left = await readdir(folder.path)
    expect(left.filter((name) => !/^\d+\.json(?:\.backup-1)?$/.test(name))).toEqual([])
  },
)

/** Whether the file has the entry, and everything else as before. */
function isWritten(before: string, after: string): boolean {
  return (
    isDeepStrictEqual(rest(after), rest(before)) &&
    isDeepStrictEqual(serversOf(after)['example'], entry)
  )
}

function contentOf(text: string): Record<string, unknown> {
  const content: unknown = parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true })
  return { ...(content as Record<string, unknown>) }
}

function serversOf(text: string): Record<string, unknown> {
  return { ...(contentOf(text)['mcpServers'] as Record<string, unknown>) }
}

/** Everything but the entry. */
function rest(text: string): unknown {
  const { example: _example, ...servers } = serversOf(text)
  return { ...contentOf(text), mcpServers: servers }
}
