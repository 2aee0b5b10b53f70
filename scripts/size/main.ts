/**
 * `pnpm size`: prints how much of each published library a program loads, and how many dependencies
 * it installs. Fails above the limits. Build the packages first.
 *
 *     node scripts/size/main.ts
 */
import process from 'node:process'
import { dependenciesOf, measure } from './measure.ts'
import { maximumDependencies, sizeRows } from './rows.ts'

const failures: string[] = []

const sizes = await Promise.all(sizeRows.map(async (row) => ({ ...row, ...(await measure(row)) })))
const sizeLines = sizes.map(({ library, use, limitKilobytes, initialBytes, onDemandBytes }) => {
  if (limitKilobytes !== undefined && initialBytes >= limitKilobytes * 1000) {
    failures.push(
      `@evergrant/${library}: ${use} is ${initialBytes} bytes (expected less than ${limitKilobytes * 1000}). Move what few programs need to another entry, or load it on demand (ADR 28).`,
    )
  }
  const limit = limitKilobytes === undefined ? '' : `${limitKilobytes} KB`
  const onDemand = onDemandBytes === 0 ? '' : kilobytes(onDemandBytes)
  return [`@evergrant/${library}`, use, kilobytes(initialBytes), limit, onDemand]
})

const libraries = [...new Set(sizeRows.map(({ library }) => library))]
const dependencyLines = libraries.map((library) => {
  const names = dependenciesOf(library)
  if (names.length > maximumDependencies) {
    failures.push(
      `@evergrant/${library} has ${names.length} dependencies (expected at most ${maximumDependencies}): ${names.join(', ')}. Make one an optional peer, or do without it (ADR 28).`,
    )
  }
  return [`@evergrant/${library}`, names.join(', '), `${names.length}`, `${maximumDependencies}`]
})

process.stdout.write(
  [
    'Minified and compressed with gzip, with all dependencies. 1 KB is 1000 bytes.',
    '',
    ...table(['Library', 'Imports', 'Initial', 'Limit', 'On demand'], sizeLines),
    '',
    ...table(['Library', 'Direct dependencies', 'Number', 'Limit'], dependencyLines),
    '',
  ].join('\n'),
)
if (failures.length > 0) {
  process.stderr.write(`\n${failures.join('\n')}\n`)
  process.exitCode = 1
}

function table(titles: readonly string[], lines: readonly (readonly string[])[]): string[] {
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`)
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`
}
