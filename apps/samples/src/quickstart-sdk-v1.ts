/**
 * A complete client on SDK 1.x: an encrypted store, a sign-in in the browser, and a call.
 *
 *     node apps/samples/src/quickstart-sdk-v1.ts https://mcp.example.com/mcp
 */
// #region program
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { createSession } from '@evergrant/client'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { sessionTransport } from '@evergrant/client/sdk-v1'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'

const [serverUrl = 'http://127.0.0.1:9500/mcp'] = process.argv.slice(2)
const home = path.join(homedir(), '.my-mcp-client')

// Keeps the sign-in for all processes that use this folder.
const { key } = await keyFileKey(path.join(home, 'store.key'))
const store = await fileStore(path.join(home, 'store'), { key })

// Called only when a sign-in is necessary. Open the URL in a browser, or print it.
const signIn = loopbackSignIn((url) => void process.stdout.write(`Sign in: ${url}\n`))

const session = createSession(serverUrl, { store, signIn, client: { name: 'My client' } })
const client = new Client({ name: 'my-client', version: '1.0.0' })
await client.connect(sessionTransport(session))
const { tools } = await client.listTools()
process.stdout.write(`Tools: ${tools.map(({ name }) => name).join(', ')}\n`)

await client.close()
await session.whenIdle()
await store.close()
// #endregion program
