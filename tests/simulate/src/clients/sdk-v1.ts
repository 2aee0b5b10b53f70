import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type {
  OAuthClientInformationMixed,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import type { Client, ClientContext } from './client.ts'
import { resourceUrl, sdkProcess } from './sdk-process.ts'
import type { OpenPage, TokenFile } from './token-file.ts'
import { fileProvider, openPage, preregistered } from './token-file.ts'

/**
 * The real transport and OAuth of `@modelcontextprotocol/sdk` 1.x.
 *
 * @param requestsOfflineAccess - Whether the application requests `offline_access` where the metadata
 *   lists it. The SDK does not.
 */
export function sdkV1(context: ClientContext, requestsOfflineAccess: boolean): Client {
  const { world } = context
  const file: TokenFile<OAuthClientInformationMixed, OAuthTokens> = {
    client: preregistered(context),
    tokens: undefined,
  }
  return {
    reset() {
      file.tokens = undefined
    },
    aheadSeconds: 0,
    remembersToken: false,
    expiryFor: () => file.tokens && world.as.expiryOf(file.tokens.access_token),
    start({ life, fetch }) {
      let page: OpenPage | undefined
      const provider = fileProvider(file, undefined, (url) => {
        if (requestsOfflineAccess && world.listsOfflineAccess) {
          const scope = url.searchParams.get('scope')?.split(' ') ?? []
          url.searchParams.set('scope', [...scope, 'offline_access'].join(' '))
          // OpenID Connect Core §11, as SDK 2.x does.
          url.searchParams.set('prompt', 'consent')
        }
        page = openPage(context, life, url)
      })
      return sdkProcess(
        () => {
          const transport = new StreamableHTTPClientTransport(resourceUrl, {
            authProvider: provider,
            fetch,
          })
          return {
            send: (message) => transport.send(message as JSONRPCMessage),
            finishAuth: (redirect) => transport.finishAuth(redirect.searchParams.get('code') ?? ''),
          }
        },
        () => {
          const opened = page
          page = undefined
          return opened
        },
      )
    },
  }
}
