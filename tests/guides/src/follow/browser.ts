/** The browser of a reader: opens the page of a sign-in, and goes through it back to the program. */
import { walkThroughPages } from '@evergrant/test-kit'

const authorizationUrl = /https?:\/\/[^\s"']*[?&]response_type=code[^\s"']*/g

/** The authorization URLs that a program printed. */
export function authorizationUrls(output: string): readonly string[] {
  return Array.from(output.matchAll(authorizationUrl), ([url]) => url)
}

/** Opens an authorization URL, and agrees to everything. */
export async function openPage(url: string): Promise<void> {
  await walkThroughPages(url, { fields: { login: 'reader', password: 'anything' } })
}
