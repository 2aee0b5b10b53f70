/**
 * A client on a machine without a browser: the user enters a code on another device.
 *
 *     node apps/samples/src/device-sign-in.ts https://mcp.example.com/mcp
 */
// #region program
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { createSession } from '@evergrant/client'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'

const [serverUrl = 'http://127.0.0.1:9500/mcp'] = process.argv.slice(2)
const home = path.join(homedir(), '.my-mcp-client')
const { key } = await keyFileKey(path.join(home, 'store.key'))
const store = await fileStore(path.join(home, 'store'), { key })

const session = createSession(serverUrl, {
  store,
  client: { name: 'My client' },
  signIn: {
    kind: 'device',
    show({ verificationUri, userCode, verificationUriComplete = verificationUri }) {
      process.stdout.write(`Open ${verificationUriComplete} and compare the code ${userCode}.\n`)
    },
  },
})
const { scope } = await session.signIn()
process.stdout.write(`Signed in with the scope ${scope}.\n`)
await store.close()
// #endregion program
