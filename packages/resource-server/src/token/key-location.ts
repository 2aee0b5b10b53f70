import { assertTrustedUrl } from '../lib/urls.ts'
import { discoverEndpoint } from './discover-endpoint.ts'

/** Where the keys of an issuer are. */
export interface KeySource {
  readonly issuer: string
  /** Default: `jwks_uri` of its metadata. */
  readonly jwksUri?: string
}

/** Finds the URL of the keys of an issuer. */
export interface KeyLocation {
  find(): Promise<URL>
  /** The keys were not there. They may have moved. */
  forget(): void
}

/** @throws {ResourceServerError} `AUTHORIZATION_SERVER_INVALID`, immediately. */
export function keyLocation(
  { issuer, jwksUri }: KeySource,
  fetchImplementation: typeof fetch,
): KeyLocation {
  if (jwksUri !== undefined) {
    assertTrustedUrl(jwksUri, 'AUTHORIZATION_SERVER_INVALID', 'jwksUri')
    const url = new URL(jwksUri)
    return { find: () => Promise.resolve(url), forget: () => undefined }
  }
  let found: URL | undefined
  return {
    find: async () => (found ??= await discoverEndpoint(issuer, 'jwks_uri', fetchImplementation)),
    forget() {
      found = undefined
    },
  }
}
