/** How two spellings of an issuer relate. */
export type IssuerRelation =
  | 'identical'
  /** They differ only by the slash of an empty path, which RFC 3986 §6.2.3 calls equivalent. */
  | 'equivalent'
  | 'different'

/**
 * Compares issuer identifiers as strings (RFC 8414 §3.3). The only tolerated difference is the slash
 * of an empty path: `https://as.example` and `https://as.example/`. Large providers publish
 * both spellings, in different documents.
 */
export function relateIssuers(one: string, other: string): IssuerRelation {
  if (one === other) return 'identical'
  return withoutEmptyPath(one) === withoutEmptyPath(other) ? 'equivalent' : 'different'
}

/** Whether two issuer identifiers name the same authorization server; see {@link relateIssuers}. */
export function isSameIssuer(one: string, other: string): boolean {
  return relateIssuers(one, other) !== 'different'
}

function withoutEmptyPath(issuer: string): string {
  return /^https?:\/\/[^/?#]+\/$/.test(issuer) ? issuer.slice(0, -1) : issuer
}
