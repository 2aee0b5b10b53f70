import type { OAuthClientInformation, OAuthTokens } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Candidate, ClientUnderTest, Surroundings } from './client-under-test.ts'
import { scope } from './client-under-test.ts'

/** A notification: it is sent with the same authorization as a call, and needs no MCP server. */
const message = { jsonrpc: '2.0' as const, method: 'notifications/simulated' }

type Tokens = OAuthTokens & { readonly issuer: string }

/** The provider of the SDKs' examples. All processes share its tokens, as over one file. */
async function createProvider({ as, resource }: Surroundings) {
  let tokens: Tokens | undefined = await issue()
  let pages = 0
  let isPageOpen = false
  let armed: (() => void) | undefined
  let killed = Promise.resolve()

  async function issue(): Promise<Tokens> {
    const issued = await as.issueGrant({ clientId: 'client-1', scope, resource })
    return {
      access_token: issued.accessToken,
      token_type: 'Bearer',
      expires_in: issued.expiresInSeconds,
      ...(issued.refreshToken === undefined ? {} : { refresh_token: issued.refreshToken }),
      scope,
      issuer: as.issuer,
    }
  }

  const provider = {
    redirectUrl: 'http://127.0.0.1/callback',
    clientMetadata: { client_name: 'App', redirect_uris: ['http://127.0.0.1/callback'] },
    clientInformation: (): OAuthClientInformation & { issuer: string } => ({
      client_id: 'client-1',
      issuer: as.issuer,
    }),
    tokens: () => tokens,
    async saveTokens(saved: object): Promise<void> {
      if (armed !== undefined) {
        armed()
        armed = undefined
        // A killed process never continues.
        await new Promise(() => undefined)
      }
      tokens = saved as Tokens
    },
    redirectToAuthorization(): void {
      pages += 1
      isPageOpen = true
    },
    saveCodeVerifier: () => undefined,
    codeVerifier: () => '',
    invalidateCredentials(what: string): void {
      if (what === 'all' || what === 'tokens') tokens = undefined
    },
  }
  const control: Omit<ClientUnderTest, 'call'> = {
    pages: () => pages,
    async finishSignIn() {
      if (!isPageOpen) return
      isPageOpen = false
      tokens = await issue()
    },
    killBeforeNextSave() {
      killed = new Promise((resolve) => {
        armed = resolve
      })
    },
    killed: () => killed,
  }
  return { provider, control }
}

export const sdkV1: Candidate = {
  id: 'sdk-v1',
  refreshesForEachCall: true,
  async start(surroundings) {
    const { provider, control } = await createProvider(surroundings)
    const open = () => new TransportV1(new URL(surroundings.resource), { authProvider: provider })
    const transports = Array.from({ length: surroundings.processes }, open)
    return { ...control, call: async (process) => await transports[process]?.send(message) }
  },
}

export const sdkV2: Candidate = {
  id: 'sdk-v2',
  refreshesForEachCall: true,
  async start(surroundings) {
    const { provider, control } = await createProvider(surroundings)
    const open = () => new TransportV2(new URL(surroundings.resource), { authProvider: provider })
    const transports = Array.from({ length: surroundings.processes }, open)
    return { ...control, call: async (process) => await transports[process]?.send(message) }
  },
}
