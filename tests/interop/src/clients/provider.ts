import { redirectUri, walkThroughPages } from '../browser.ts'

/**
 * An OAuth provider for the SDKs of the obvious kind, as their documentation shows it: everything
 * in memory, and a browser that is redirected at once. The SDK's own code does the rest.
 */
export function memoryProvider<ClientInformation, Tokens>() {
  let client: ClientInformation | undefined
  let tokens: Tokens | undefined
  let verifier = ''
  let answer: Promise<string> | undefined
  return {
    redirectUrl: redirectUri,
    clientMetadata: {
      client_name: 'the SDK’s own client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
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
      answer = walkThroughPages(url.href)
      // Whoever wants it asks for it; what nobody asks for is no crash.
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
