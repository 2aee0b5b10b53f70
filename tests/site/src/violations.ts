import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** The violations of the open page, one line for each rule, with its first element. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  return await page.evaluate(async () => {
    // Loaded into the page just now.
    const { axe: loaded } = globalThis as unknown as { readonly axe: typeof axe }
    const { violations } = await loaded.run(document, { resultTypes: ['violations'] })
    return violations.map(({ id, nodes }) => `${id}: ${String(nodes[0]?.target)} (${nodes.length})`)
  })
}
