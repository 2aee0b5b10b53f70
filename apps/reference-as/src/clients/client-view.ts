import { cleanRemoteText } from '@evergrant/core'

const longestName = 80

/**
 * What a client is called on a page: the name it gave itself, without characters that reorder,
 * hide or break off text, or else its ID.
 */
export function clientName(name: unknown, clientId: string): string {
  return visibleText(name, longestName) ?? visibleText(clientId, longestName) ?? 'Unnamed'
}

/** Where an answer goes, for people: a host, or the scheme of a program on their machine. */
export function redirectTarget(redirectUri: string): string {
  const target = URL.parse(redirectUri)
  if (target === null) return ''
  // What stands where a host would in `com.example.app://other.example/` is not a host.
  return /^https?:$/.test(target.protocol) ? target.host : target.protocol
}

/** Remote text, cleaned; `undefined` where all that is left of it would be blank. */
function visibleText(value: unknown, length: number): string | undefined {
  const clean = cleanRemoteText(value, length)
  // Letters and symbols that have no shape: fillers, variation selectors, the empty Braille cell.
  const seen = clean?.replaceAll(/[\p{Default_Ignorable_Code_Point}\u2800\s…]/gu, '')
  return seen === '' ? undefined : clean
}
