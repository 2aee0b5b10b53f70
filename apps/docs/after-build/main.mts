/** Completes the site that `docusaurus build` has written. */
import path from 'node:path'
import { writeMarkdownPages } from './markdown-pages.mts'
import { writeSearchIndex } from './search-index.mts'

const site = path.resolve(import.meta.dirname, '../build')
await writeSearchIndex(site)
await writeMarkdownPages(site)
