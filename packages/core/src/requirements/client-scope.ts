import type { Requirement } from './requirement.ts'

/** Rules for clients: scope selection. */
export const clientScopeRequirements: readonly Requirement[] = [
  {
    id: 'C-20',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Priority: `scope` of the `WWW-Authenticate` challenge, otherwise all `scopes_supported` of the protected resource metadata, otherwise no `scope` parameter',
    source: 'AUTH Scope Selection',
  },
  {
    id: 'C-21',
    level: 'MUST',
    group: 'client-scope',
    text: 'Challenge scopes are authoritative for the current operation. No set relation with `scopes_supported` is assumed',
    source: 'AUTH',
  },
  {
    id: 'C-22',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Re-authorization requests the union of the previously requested scope and the challenged scope',
    source: 'AUTH Step-Up',
  },
  {
    id: 'C-23',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Step-up attempts are counted per resource and operation, and stop after a few',
    source: 'AUTH Step-Up',
  },
  {
    id: 'C-24',
    level: 'MUST',
    group: 'client-scope',
    text: 'A refresh never widens the scope (RFC 6749 §6). A wider scope requires authorization',
    source: 'RFC 6749 §6',
  },
]
