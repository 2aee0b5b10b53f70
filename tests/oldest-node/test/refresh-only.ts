/**
 * A program that refreshes a stored sign-in, while the parts that are loaded on demand are missing.
 *
 *     node refresh-only.ts STORE KEY_IN_HEX MCP_SERVER_URL
 */
import { registerHooks } from 'node:module'
import process from 'node:process'

registerHooks({
  resolve(specifier, context, next) {
    if (/\/(?:on-demand|dpop)\.js$/.test(specifier)) {
      throw new Error(`${specifier} is missing`)
    }
    return next(specifier, context)
  },
})

const [folder = '', key = '', serverUrl = ''] = process.argv.slice(2)
const { createSession } = await import('@evergrant/client')
const { authorizedFetch } = await import('@evergrant/client/fetch')
const { fileStore } = await import('@evergrant/client/stores/file')

const store = await fileStore(folder, { key: Buffer.from(key, 'hex') })
const session = createSession(serverUrl, { store, client: { name: 'oldest' } })
const { value } = await session.getAccessToken()
const refreshed = await session.getAccessToken({ rejectedAccessToken: value })
const { status } = await authorizedFetch(session)(serverUrl)
const failure: unknown = await session.signIn({ force: true }).catch((error: unknown) => error)
await session.whenIdle()
await store.close()
process.stdout.write(
  JSON.stringify({
    refreshed: refreshed.value !== value,
    status,
    code: (failure as { readonly code?: unknown }).code,
  }),
)
