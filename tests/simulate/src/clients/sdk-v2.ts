import type {
  JSONRPCMessage,
  OAuthClientProvider,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Client, ClientContext, RunningProcess, Surroundings } from './client.ts'
import { resourceUrl, sdkProcess } from './sdk-process.ts'
import type { OpenPage, TokenFile } from './token-file.ts'
import { fileProvider, openPage, preregistered } from './token-file.ts'

/** The file of an SDK 2.x client. */
export type FileV2 = TokenFile<StoredOAuthClientInformation, StoredOAuthTokens>

/** The real transport and OAuth of `@modelcontextprotocol/client` 2.x. */
export function sdkV2(context: ClientContext): Client {
  const { world } = context
  const file: FileV2 = { client: preregistered(context), tokens: undefined }
  return {
    reset() {
      file.tokens = undefined
    },
    aheadSeconds: 0,
    remembersToken: false,
    expiryFor: () => file.tokens && world.as.expiryOf(file.tokens.access_token),
    start: (surroundings) => processV2(context, file, surroundings, (provider) => provider),
  }
}

/**
 * A process on SDK 2.x.
 *
 * @param adapt - Changes what the provider of the examples does.
 */
export function processV2(
  context: ClientContext,
  file: FileV2,
  { life, fetch }: Surroundings,
  adapt: (provider: OAuthClientProvider) => OAuthClientProvider,
): RunningProcess {
  let page: OpenPage | undefined
  const provider = fileProvider(file, undefined, (url) => {
    page = openPage(context, life, url)
  })
  return sdkProcess(
    () => {
      const transport = new StreamableHTTPClientTransport(resourceUrl, {
        authProvider: adapt(provider),
        fetch,
      })
      return {
        send: (message) => transport.send(message as JSONRPCMessage),
        finishAuth: (redirect) => transport.finishAuth(redirect.searchParams),
      }
    },
    () => {
      const opened = page
      page = undefined
      return opened
    },
  )
}
