import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** The violations of the open page, one line for each rule, with its first element. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  return await run(page, undefined)
}

/** The violations of contrast, after `violationsOf` has loaded axe into the page. */
export async function colorViolationsOf(page: Page): Promise<readonly string[]> {
  return await run(page, ['color-contrast', 'link-in-text-block'])
}

async function run(page: Page, rules: string[] | undefined): Promise<readonly string[]> {
  return await page.evaluate(async (only) => {
    // Loaded into the page before.
    const { axe: loaded } = globalThis as unknown as { readonly axe: typeof axe }
    const { violations } = await loaded.run(document, {
      resultTypes: ['violations'],
      ...(only === undefined ? {} : { runOnly: only }),
    })
    return violations.map(({ id, nodes }) => `${id}: ${String(nodes[0]?.target)} (${nodes.length})`)
  }, rules)
}
