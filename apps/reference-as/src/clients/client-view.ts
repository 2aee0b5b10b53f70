import { cleanRemoteText } from '@evergrant/core'

const longestName = 80

/**
 * The name of a client on a page: the name it declared, without characters that reorder, hide or
 * truncate text, otherwise its ID.
 */
export function clientName(name: unknown, clientId: string): string {
  return visibleText(name, longestName) ?? visibleText(clientId, longestName) ?? 'Unnamed'
}

/** Where a response goes, for a page: a host, or the scheme of a program on the user's machine. */
export function redirectTarget(redirectUri: string): string {
  const target = URL.parse(redirectUri)
  if (target === null) return ''
  // `other.example` in `com.example.app://other.example/` is not a host.
  return /^https?:$/.test(target.protocol) ? target.host : target.protocol
}

/** Remote text, cleaned. `undefined` when the rest would be blank. */
function visibleText(value: unknown, length: number): string | undefined {
  const clean = cleanRemoteText(value, length)
  // Characters without a visible shape: fillers, variation selectors, the empty Braille cell.
  const seen = clean?.replaceAll(/[\p{Default_Ignorable_Code_Point}\u2800\s…]/gu, '')
  return seen === '' ? undefined : clean
}
