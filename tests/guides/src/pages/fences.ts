/** The code fences of a page, in order. */

/** A code fence of a page. */
export interface Fence {
  /** The page, relative to the repository. */
  readonly page: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  readonly language: string
  readonly attributes: Readonly<Record<string, string | undefined>>
  readonly code: string
}

const opening = /^(?<ticks>`{3,})(?<language>[\w-]*)(?<meta>[^\n`]*)$/

/**
 * Returns the code fences of a page.
 *
 * @param page - The name of the page, for messages.
 */
export function fencesOf(page: string, text: string): readonly Fence[] {
  const fences: Fence[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const { ticks, language = '', meta = '' } = opening.exec(lines[index] ?? '')?.groups ?? {}
    if (ticks === undefined) continue
    const end = lines.indexOf(ticks, index + 1)
    if (end < 0) throw new Error(`${page}:${index + 1}: the code fence does not end.`)
    fences.push({
      page,
      line: index + 1,
      language,
      attributes: attributesOf(meta),
      code: lines.slice(index + 1, end).join('\n'),
    })
    index = end
  }
  return fences
}

/** Where a fence is, for messages. */
export function placeOf({ page, line }: Fence): string {
  return `${page}:${line}`
}

function attributesOf(meta: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from(meta.matchAll(/(\w+)="([^"]*)"/g), ([, name = '', value = '']) => [name, value]),
  )
}
