/** Removes from pages what is about scripts and folders that are gone, and corrects links. */
import path from 'node:path'

/** What remains. */
export interface PageContext {
  readonly hasPath: (path: string) => boolean
  /** Whether `pnpm NAME` runs something. */
  readonly hasScript: (name: string) => boolean
}

const folderName = /`((?:apps|docs|packages|scripts|tests)\/[\w./-]+)`/g

/** Removes rows of tables, items of lists and sections that name a script or a folder that is gone. */
export function prunedPage(page: string, context: PageContext): string {
  return page
    .split('\n')
    .filter((line) => !/^(?:\||- )/.test(line) || !namesSomethingGone(line, context))
    .join('\n')
}

function namesSomethingGone(line: string, context: PageContext): boolean {
  const scripts = Array.from(
    line.matchAll(/`pnpm (?:run )?([a-z][\w:-]*)/g),
    ([, name = '']) => name,
  )
  const folders = Array.from(line.matchAll(folderName), ([, name = '']) => name)
  return (
    scripts.some((name) => !context.hasScript(name)) ||
    folders.some((name) => !context.hasPath(name.replace(/\/$/, '')))
  )
}

/** Removes a section, from its heading to the next one of the same level. */
export function withoutSection(page: string, heading: string): string {
  const start = page.indexOf(`\n${heading}\n`)
  if (start < 0) return page
  const level = heading.slice(0, heading.indexOf(' ') + 1)
  const next = page.indexOf(`\n${level}`, start + heading.length + 1)
  return next < 0 ? `${page.slice(0, start).trimEnd()}\n` : page.slice(0, start) + page.slice(next)
}

/** Where pages and files of the original are. */
export interface Upstream {
  readonly site: string
  readonly repository: string
}

/**
 * Points links to files that are gone to the original project, and removes the source of code whose
 * file is gone, so that the code stays as it is.
 *
 * @param file - The page, relative to the root.
 */
export function correctedLinks(
  page: string,
  file: string,
  { hasPath }: Pick<PageContext, 'hasPath'>,
  upstream: Upstream,
): string {
  const folder = path.posix.dirname(file)
  const resolve = (target: string): string => path.posix.normalize(path.posix.join(folder, target))
  return page
    .replace(
      /(\]\()([^()\s:#]+)((?:#[^()\s]*)?\))/g,
      (whole, open: string, target: string, end) => {
        const absolute = resolve(target)
        if (absolute.startsWith('..') || hasPath(absolute)) return whole
        return `${open}${upstreamUrl(absolute, upstream)}${String(end)}`
      },
    )
    .replace(/ source="([^"#]+)(?:#[^"]*)?"/g, (whole, source: string) =>
      hasPath(resolve(source)) ? whole : '',
    )
}

/** A page of the docs is on the site, everything else in the repository. */
function upstreamUrl(absolute: string, { site, repository }: Upstream): string {
  const [, page] = /^docs\/(.+)\.md$/.exec(absolute) ?? []
  if (page === undefined) {
    const kind = path.posix.extname(absolute) === '' ? 'tree' : 'blob'
    return `${repository}/${kind}/main/${absolute.replace(/\/$/, '')}`
  }
  // The site leaves out the name of an index, and the numbers of decisions.
  const route = page.replace(/(?:^|\/)index$/, '').replace(/^adr\/\d+-/, 'adr/')
  return `${site}/${route}`
}
