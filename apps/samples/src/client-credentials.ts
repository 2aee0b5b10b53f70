/**
 * A client that acts for itself, without a user.
 *
 *     CLIENT_SECRET=… node apps/samples/src/client-credentials.ts https://mcp.example.com/mcp https://as.example.com my-client
 */
// #region program
import process from 'node:process'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { memoryStore } from '@evergrant/client/stores/memory'

const [serverUrl = '', issuer = '', clientId = ''] = process.argv.slice(2)
const clientSecret = process.env['CLIENT_SECRET'] ?? ''

const session = createSession(serverUrl, {
  // The secret brings a new access token at any time, so nothing has to be kept.
  store: memoryStore(),
  signIn: { kind: 'client-credentials' },
  client: { name: 'My job', preRegistered: { [issuer]: { clientId, clientSecret } } },
})
const { status } = await authorizedFetch(session)(serverUrl, { method: 'POST' })
process.stdout.write(`The MCP server answers ${status}.\n`)
// #endregion program
