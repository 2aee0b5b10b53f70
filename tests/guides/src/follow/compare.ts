/** Compares the output of a command with the output that a page shows. */
import { stripVTControlCharacters } from 'node:util'

export interface CompareOptions {
  /** Numbers differ from run to run. */
  readonly numbersVary?: boolean | undefined
  /** The order of the lines differs from run to run, and how often each of them is printed. */
  readonly anyOrder?: boolean | undefined
  /** The program still runs: more lines may follow. */
  readonly isUnfinished?: boolean | undefined
}

/**
 * Whether an output is the one that a page shows. In the page, `…` stands for any text, and for any
 * lines in a line of its own. Times, IDs and runs of spaces are not compared.
 */
export function isShown(
  shown: string,
  printed: string,
  { numbersVary = false, anyOrder = false, isUnfinished = false }: CompareOptions = {},
): boolean {
  const patterns = linesOf(shown, numbersVary)
  if (anyOrder) {
    const lines = linesOf(printed, numbersVary)
    return patterns.every(
      (one) => one === '…' || lines.some((line) => expressionOf(one).test(line)),
    )
  }
  if (isUnfinished) patterns.push('…')
  return matches(patterns, linesOf(printed, numbersVary))
}

function matches(patterns: readonly string[], lines: readonly string[]): boolean {
  // reachable[n]: the patterns so far can match the first n lines.
  let reachable = Array.from({ length: lines.length + 1 }, (_, count) => count === 0)
  for (const pattern of patterns) {
    const next = reachable.map(() => false)
    if (pattern === '…') {
      const first = reachable.indexOf(true)
      if (first < 0) return false
      next.fill(true, first)
    } else {
      const expression = expressionOf(pattern)
      lines.forEach((line, index) => {
        if (reachable[index] === true && expression.test(line)) next[index + 1] = true
      })
    }
    reachable = next
  }
  return reachable.at(-1) === true
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split('…').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 'u')
}

function linesOf(text: string, numbersVary: boolean): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => neutral(line, numbersVary))
    .filter((line) => line !== '')
}

function neutral(line: string, numbersVary: boolean): string {
  const text = line
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\d+(?:\.\d+)? (?=(?:ms|s|min|h|d|days)\b)/g, '<n> ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  if (!numbersVary) return text
  return text
    .replaceAll(/\d+(?:\.\d+)?/g, '<n>')
    .replaceAll(/\((?:expired|ahead[- ]of[- ]expiry)\)/g, '(<reason>)')
}
