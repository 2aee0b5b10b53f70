/**
 * Measures pages of the built site with Lighthouse, as a phone, and prints the median of each score.
 * Exits with 1 if one is below the least.
 *
 *     pnpm lighthouse [runs]
 */
import process from 'node:process'
import { launch } from 'chrome-launcher'
import lighthouse from 'lighthouse'
import { serveSite } from './built-site.ts'
import { executablePath } from './browser.ts'

const leastScore = 95
const categories = ['performance', 'accessibility', 'best-practices', 'seo'] as const
type Scores = Readonly<Record<(typeof categories)[number], number>>

const pages = [
  '/',
  '/guides/clients/',
  '/providers/keycloak/',
  '/guides/troubleshooting/',
  '/playground/',
]

const runs = Number(process.argv[2] ?? 5)
if (!Number.isSafeInteger(runs) || runs < 1) throw new Error('The number of runs is not a number.')

await using site = await serveSite()
const chrome = await launch({
  ...(executablePath === undefined ? {} : { chromePath: executablePath }),
  chromeFlags: ['--headless=new', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  logLevel: 'error',
})
try {
  process.stdout.write(`median of ${runs} runs, mobile\n`)
  for (const page of pages) {
    const scores: Scores[] = []
    for (let run = 0; run < runs; run++) scores.push(await measure(`${site.origin}${page}`))
    const medians = categories.map(
      (category) => [category, median(scores.map((one) => one[category]))] as const,
    )
    if (medians.some(([, score]) => score < leastScore)) process.exitCode = 1
    const cells = medians.map(([category, score]) => `${category} ${score}`)
    process.stdout.write(`${page.padEnd(28)}${cells.join('  ')}\n`)
  }
} finally {
  chrome.kill()
}

async function measure(url: string): Promise<Scores> {
  const result = await lighthouse(url, {
    port: chrome.port,
    onlyCategories: [...categories],
    logLevel: 'error',
  })
  if (result === undefined) throw new Error(`Lighthouse did not measure ${url}.`)
  const { runtimeError, categories: measured } = result.lhr
  if (runtimeError !== undefined) throw new Error(`${url}: ${runtimeError.message}`)
  if (process.env['EVERGRANT_LIGHTHOUSE_REASONS'] !== undefined) printReasons(result.lhr.audits)
  return Object.fromEntries(
    categories.map((name) => [name, Math.round((measured[name]?.score ?? 0) * 100)]),
  ) as Record<keyof Scores, number>
}

/** What keeps a score below 100. */
function printReasons(
  audits: Readonly<
    Record<string, { readonly title: string; readonly score: number | null; displayValue?: string }>
  >,
): void {
  for (const [id, { score, displayValue = '' }] of Object.entries(audits)) {
    if (score !== null && score < 1) process.stdout.write(`    ${id}: ${score} ${displayValue}\n`)
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
