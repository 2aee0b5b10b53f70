import type { ResourceServer } from './resource-server.ts'

/** An HTTP response, independent of the framework. */
export interface MetadataReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

// Browser-based clients on any origin read this document. It is public.
const crossOrigin = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': '*',
}

/** Answers a request at the metadata's well-known URL. */
export function answerMetadataRequest(
  resourceServer: ResourceServer,
  method: string,
): MetadataReply {
  if (method === 'OPTIONS') return { status: 204, headers: crossOrigin, body: null }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, headers: { ...crossOrigin, allow: 'GET, HEAD, OPTIONS' }, body: null }
  }
  const headers = {
    ...crossOrigin,
    'content-type': 'application/json',
    'cache-control': 'public, max-age=300',
  }
  const body = method === 'HEAD' ? null : JSON.stringify(resourceServer.metadata)
  return { status: 200, headers, body }
}
