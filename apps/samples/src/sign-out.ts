/**
 * Signs a user out: removes the tokens, and revokes them.
 *
 *     node apps/samples/src/sign-out.ts https://mcp.example.com/mcp
 */
// #region program
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { createSession, retryRevocations, systemClock } from '@evergrant/client'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'

const [serverUrl = 'http://127.0.0.1:9500/mcp'] = process.argv.slice(2)
const home = path.join(homedir(), '.my-mcp-client')
const { key } = await keyFileKey(path.join(home, 'store.key'))
const store = await fileStore(path.join(home, 'store'), { key })
const client = { name: 'My client' }

const { revocation } = await createSession(serverUrl, { store, client }).signOut()
process.stdout.write(`Revocation: ${revocation}\n`)

// Repeats revocations of earlier sign-outs whose servers did not answer.
const { settled, pending } = await retryRevocations(store, { client, clock: systemClock })
process.stdout.write(`Settled later: ${settled}, still pending: ${pending}\n`)
await store.close()
// #endregion program
