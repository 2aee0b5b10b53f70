/**
 * Writes the pages of the doctor's rules from their data and the servers of their tests. With
 * `--check`, only reports whether the pages are up to date.
 *
 *     node --conditions=workspace:source scripts/doctor-rules/main.ts [--check]
 */
import { rules } from '../../packages/doctor/src/index.ts'
import { writeGeneratedFolder } from '../generated-page.ts'
import { exampleOf } from './examples.ts'
import { indexPage, rulePage } from './pages.ts'

const pages: Record<string, string> = { 'index.md': indexPage() }
for (const rule of rules) pages[`${rule.id}.md`] = rulePage(rule, await exampleOf(rule.id))
await writeGeneratedFolder('reference/doctor-rules', pages, 'doctor-rules')
