import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { close, createIndex } from 'pagefind'

/** Where the index is, relative to the site. `src/components/Search` loads it. */
const folder = 'pagefind'

/** Parts of the site by path. What a reader looks for first weighs most. */
const sections: readonly {
  readonly path: string
  readonly name: string
  readonly weight: number
}[] = [
  { path: 'reference/api/', name: 'API', weight: 0.2 },
  { path: 'reference/doctor-rules/', name: 'Doctor', weight: 0.5 },
  { path: 'reference/', name: 'Reference', weight: 0.8 },
  { path: 'adr/', name: 'Decisions', weight: 0.4 },
  { path: 'explanation/', name: 'Explanation', weight: 1 },
  { path: 'guides/', name: 'Guides', weight: 2 },
  { path: 'providers/', name: 'Providers', weight: 2 },
  { path: 'tutorial/', name: 'Guides', weight: 2 },
  { path: 'playground/', name: 'Playground', weight: 1 },
  { path: 'simulator/', name: 'Playground', weight: 1 },
]

/**
 * Makes the search index of a built site, with Pagefind. A browser loads only the parts of it that a
 * search needs, and nothing that is typed leaves the browser.
 *
 * @param site - The folder of the built site.
 */
export async function writeSearchIndex(site: string): Promise<void> {
  const { index } = await createIndex({
    rootSelector: 'main',
    excludeSelectors: ['nav', 'footer', 'button', '.hash-link', '[class*=tableOfContents]'],
  })
  if (index === undefined) throw new Error('Pagefind cannot create an index.')
  for (const file of await readdir(site, { recursive: true })) {
    const url = file.split(path.sep).join('/')
    if (!url.endsWith('index.html')) continue
    const content = await readFile(path.join(site, file), 'utf8')
    const added = await index.addHTMLFile({ sourcePath: url, content: weighted(url, content) })
    if (added.errors.length > 0) throw new Error(`${url}: ${added.errors.join('; ')}`)
  }
  const written = await index.writeFiles({ outputPath: path.join(site, folder) })
  if (written.errors.length > 0) throw new Error(written.errors.join('; '))
  await close()
}

/**
 * The page with the name and the weight of its section, as Pagefind reads them. A space ends each
 * cell, so that the excerpts of tables do not join words.
 */
function weighted(url: string, html: string): string {
  const section = sections.find(({ path: prefix }) => url.startsWith(prefix))
  const { name, weight } = section ?? { name: 'Overview', weight: 1 }
  return html
    .replace(
      /<main\b/,
      `<main data-pagefind-weight="${weight}" data-pagefind-meta="section:${name}"`,
    )
    .replaceAll(/<\/t[dh]>/g, ' $&')
}
