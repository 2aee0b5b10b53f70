/**
 * A complete client without an SDK: an encrypted store, a sign-in in the browser, and a call.
 *
 *     node apps/samples/src/quickstart-fetch.ts https://mcp.example.com/mcp
 */
// #region program
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'

const [serverUrl = 'http://127.0.0.1:9500/mcp'] = process.argv.slice(2)
const home = path.join(homedir(), '.my-mcp-client')

// Keeps the sign-in for all processes that use this folder.
const { key } = await keyFileKey(path.join(home, 'store.key'))
const store = await fileStore(path.join(home, 'store'), { key })

// Called only when a sign-in is necessary. Open the URL in a browser, or print it.
const signIn = loopbackSignIn((url) => void process.stdout.write(`Sign in: ${url}\n`))

const session = createSession(serverUrl, { store, signIn, client: { name: 'My client' } })
const authorized = authorizedFetch(session)
const response = await authorized(serverUrl, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
})
const answer = await response.text()
process.stdout.write(`${response.status}: ${answer.length} characters\n`)

await session.whenIdle()
await store.close()
// #endregion program
