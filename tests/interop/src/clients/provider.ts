import { walkThroughPages } from '@evergrant/test-kit'
import { redirectUri } from '../browser.ts'

/**
 * An OAuth provider for the SDKs, as their documentation shows it: everything in memory, and an
 * immediate redirect of the browser. The SDK does the rest.
 *
 * @param grantTypes - What the client declares in its registration.
 */
export function memoryProvider<ClientInformation, Tokens>(
  grantTypes: readonly string[] = ['authorization_code', 'refresh_token'],
) {
  let client: ClientInformation | undefined
  let tokens: Tokens | undefined
  let verifier = ''
  let answer: Promise<string> | undefined
  return {
    redirectUrl: redirectUri,
    clientMetadata: {
      client_name: 'SDK client',
      redirect_uris: [redirectUri],
      grant_types: [...grantTypes],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    clientInformation: () => client,
    saveClientInformation(information: ClientInformation) {
      client = information
    },
    tokens: () => tokens,
    saveTokens(saved: Tokens) {
      tokens = saved
    },
    redirectToAuthorization(url: URL) {
      answer = walkThroughPages(url.href, { redirectUri })
      // callback() rejects with the error. Without a caller, it must not crash the process.
      answer.catch(() => undefined)
    },
    saveCodeVerifier(saved: string) {
      verifier = saved
    },
    codeVerifier: () => verifier,
    /** The parameters of the last redirect back. */
    async callback(): Promise<URLSearchParams> {
      return new URL((await answer) ?? '').searchParams
    },
  }
}
