import type { ProbeContext } from './probe-context.ts'
import { initializeRequest } from './mcp-server.ts'
import { getDocument } from './metadata.ts'
import { request } from './request.ts'

/** The URLs that a client in a browser uses. */
export interface BrowserTargets {
  readonly serverUrl: string
  /** Metadata documents that were found. */
  readonly documents: readonly string[]
  /** The endpoints that receive a POST, with the authorization server they belong to. */
  readonly endpoints: readonly { readonly url: string; readonly issuer: string }[]
  /** Those of them that receive forms, which browsers send without a preflight request. */
  readonly formEndpoints: readonly { readonly url: string; readonly issuer: string }[]
}

/** Observes what a page at another origin can do, with the requests that its browser would send. */
export async function probeBrowser(
  { serverUrl, documents, endpoints, formEndpoints }: BrowserTargets,
  origin: string,
  context: ProbeContext,
): Promise<void> {
  const preflight = {
    purpose: 'preflight',
    method: 'OPTIONS',
    withoutBody: true,
  } as const
  const initialize = initializeRequest(serverUrl)
  await Promise.all([
    request(
      {
        ...preflight,
        url: serverUrl,
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
        },
      },
      context,
    ),
    request(
      {
        purpose: 'cross-origin-request',
        ...initialize,
        headers: { ...initialize.headers, origin },
      },
      context,
    ),
    ...documents.map((url) =>
      getDocument({ purpose: 'cross-origin-request', url, headers: { origin } }, context),
    ),
    ...formEndpoints.map(({ url, issuer }) =>
      request(
        {
          purpose: 'cross-origin-request',
          issuer,
          url,
          method: 'POST',
          headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
          // Without a code, so that the server refuses it.
          body: 'grant_type=authorization_code',
        },
        context,
      ),
    ),
    ...endpoints.map(({ url, issuer }) =>
      request(
        {
          ...preflight,
          issuer,
          url,
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        },
        context,
      ),
    ),
  ])
}
