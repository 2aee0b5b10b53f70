import type { Requirement } from './requirement.ts'

/** Rules for clients: scope selection. */
export const clientScopeRequirements: readonly Requirement[] = [
  {
    id: 'C-20',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Priority: `scope` of the `WWW-Authenticate` challenge, otherwise all `scopes_supported` of the protected resource metadata, otherwise no `scope` parameter',
    source: 'AUTH Scope Selection',
    quotes: [
      {
        text: 'During the initial authorization handshake, MCP clients **SHOULD** follow this priority order for scope selection',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-selection-strategy',
      },
    ],
  },
  {
    id: 'C-21',
    level: 'MUST',
    group: 'client-scope',
    text: 'Challenge scopes are authoritative for the current operation. No set relation with `scopes_supported` is assumed',
    source: 'AUTH',
    quotes: [
      {
        text: 'Clients **MUST** treat the scopes provided in the challenge as authoritative for the current operation.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-selection-strategy',
      },
      {
        text: 'Clients **MUST NOT** assume any particular set relationship between the challenged scope set and `scopes_supported`.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-selection-strategy',
      },
    ],
  },
  {
    id: 'C-22',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Re-authorization requests the union of the previously requested scope and the challenged scope',
    source: 'AUTH Step-Up',
    quotes: [
      {
        text: 'When re-authorizing, clients **SHOULD** include these scopes alongside any previously granted scopes to avoid losing permissions needed for other operations',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-selection-strategy',
      },
    ],
  },
  {
    id: 'C-23',
    level: 'SHOULD',
    group: 'client-scope',
    text: 'Step-up attempts are counted per resource and operation, and stop after a few',
    source: 'AUTH Step-Up',
    quotes: [
      {
        text: 'Clients **SHOULD** implement retry limits and **SHOULD** track scope upgrade attempts to avoid repeated failures for the same resource and operation combination.',
        url: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#step-up-authorization-flow',
      },
    ],
  },
  {
    id: 'C-24',
    level: 'MUST',
    group: 'client-scope',
    text: 'A refresh never widens the scope (RFC 6749 §6). A wider scope requires authorization',
    source: 'RFC 6749 §6',
    quotes: [
      {
        text: 'The requested scope MUST NOT include any scope not originally granted by the resource owner, and if omitted is treated as equal to the scope originally granted by the resource owner.',
        url: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
      },
    ],
  },
]
