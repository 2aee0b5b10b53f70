import type { Browser, Page } from 'playwright-core'
import type { ColorScheme } from './browser.ts'
import { openPage } from './browser.ts'

/** The open playground, and the errors of its scripts so far. */
export interface OpenPlayground {
  readonly page: Page
  readonly errors: readonly string[]
}

/** Opens the playground. */
export async function openPlayground(
  browser: Browser,
  origin: string,
  fragment = '',
  scheme: ColorScheme = 'light',
  device?: 'phone',
): Promise<OpenPlayground> {
  const page = await openPage(browser, `${origin}/playground/${fragment}`, scheme, device)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  return { page, errors }
}

/** What the client asks for. */
export async function scopeOf(page: Page): Promise<string | null> {
  return await page.getByTestId('scope').textContent()
}
