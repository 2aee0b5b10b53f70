import process from 'node:process'

/** Prints a heading and a Markdown table. */
export function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  say(`\n## ${title}\n\n${lines.join('\n')}`)
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Three significant digits, with thousands separators. */
export function round(number: number): string {
  return Number(number.toPrecision(3)).toLocaleString('en-US')
}
