import type { Reference, Statement } from './product.ts'

/** The sources of a page: each has one number and one date, however often it is cited. */
export interface Footnotes {
  /** A statement with its status and the reference to its source. */
  cite(statement: Statement): string
  /** The definitions, for the end of the page. */
  definitions(): string
}

interface Cited {
  readonly reference: Reference
  /** When it was read, for the last time. */
  readonly date: string
  readonly verb: 'measured' | 'read'
}

export function createFootnotes(): Footnotes {
  const sources = new Map<string, Cited>()
  return {
    cite({ text, status, source, date }) {
      const key = source.url ?? source.title
      const earlier = sources.get(key)
      const isNamed = earlier?.reference.isNamed === true && !source.isNamed
      sources.set(key, {
        reference: isNamed ? earlier.reference : source,
        date: earlier === undefined || earlier.date < date ? date : earlier.date,
        verb: status === 'measured' ? 'measured' : 'read',
      })
      return `${text} (${status}[^${[...sources.keys()].indexOf(key) + 1}])`
    },
    definitions: () =>
      [...sources.values()]
        .map(({ reference: { title, url }, verb, date }, index) => {
          const label = title.replaceAll('_', String.raw`\_`)
          return `[^${index + 1}]: ${url === undefined ? label : `[${label}](${url})`}, ${verb} on ${date}`
        })
        .join('\n'),
  }
}
