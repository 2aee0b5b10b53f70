/** The MCP server of `resource-server-fetch.ts` on `node:http`. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createNodeListener } from '@evergrant/resource-server/node'
import { createGreetingsEndpoint } from './resource-server-fetch.ts'

export function createGreetingsServer(resource: string, authorizationServer: string): Server {
  const endpoint = createGreetingsEndpoint(resource, authorizationServer)
  // #region listen
  return createServer(
    // Limits how long a stalled client can hold its connection.
    { headersTimeout: 10_000, requestTimeout: 30_000 },
    createNodeListener(endpoint, { maximumBodyBytes: 262_144 }),
  )
  // #endregion listen
}
