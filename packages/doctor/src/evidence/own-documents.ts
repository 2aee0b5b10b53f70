import { relateResource } from '@evergrant/core/metadata'
import type { DocumentEvidence } from './evidence.ts'

/** How the resource of a document relates to the URL of the MCP server. */
export function relation(
  resource: unknown,
  serverUrl: string,
): 'identical' | 'covers' | 'different' {
  if (typeof resource !== 'string' || !URL.canParse(resource)) return 'different'
  try {
    return relateResource(resource, serverUrl)
  } catch {
    return 'different'
  }
}

/** The documents that are meant for this MCP server: a root document may be for another one. */
export function ownDocuments(
  documents: readonly DocumentEvidence[],
  serverUrl: string,
): readonly DocumentEvidence[] {
  return documents.filter(
    ({ kind, exchange, document }) =>
      kind === 'document' &&
      (exchange.place !== 'root' || relation(document?.['resource'], serverUrl) !== 'different'),
  )
}
