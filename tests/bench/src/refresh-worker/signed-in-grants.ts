import { createHash } from 'node:crypto'
import type { RecordStore } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import pMap from 'p-map'
import { firstRefreshToken } from './tokens.ts'

/** How many writes run at once. The store combines them. */
const concurrentWrites = 1000

/** The records of one real sign-in, from which those of other users are made. */
export interface SignInTemplate {
  readonly binding: BindingBody
  readonly grant: GrantBody
}

interface BindingBody {
  readonly value: {
    readonly serverUrl: string
    readonly resource: string
    readonly registration: { readonly clientId: string }
    readonly authorizationServer: { readonly issuer: string; readonly token_endpoint?: string }
  }
}

interface GrantBody {
  readonly identity: object
  readonly tokenSet: object
}

/** Which grants to write. */
export interface GrantsToWrite {
  readonly first: number
  readonly count: number
  readonly tokenEndpoint: string
  /** When the access token of a user expires, in epoch seconds. */
  readonly expiresAt: (index: number) => number
  readonly lifetimeSeconds: number
}

/** Signs one user in to a real server, and returns what the client stored. */
export async function signInTemplate(): Promise<SignInTemplate> {
  await using as = await startScriptedAuthorizationServer()
  await using mcp = await startProtectedServer(as, { scopesSupported: ['mcp:read'] })
  const store = memoryStore()
  const session = createSession(mcp.resource, {
    store,
    client: { name: 'bench' },
    signIn: headlessSignIn(),
  })
  await session.signIn()
  const [binding = '', grant = ''] = await Promise.all(
    (['binding', 'grant'] as const).map(async (kind) => {
      for await (const id of store.list(kind)) return (await store.read({ kind, id }))?.body ?? ''
      throw new Error(`The sign-in left no ${kind}.`)
    }),
  )
  // The package's own records, written a moment ago.
  return { binding: JSON.parse(binding) as BindingBody, grant: JSON.parse(grant) as GrantBody }
}

/** Writes the records of many users. Their grants are due when the client would make them due. */
export async function writeGrants(
  store: RecordStore,
  template: SignInTemplate,
  { first, count, tokenEndpoint, expiresAt, lifetimeSeconds }: GrantsToWrite,
): Promise<void> {
  const { serverUrl, resource, registration, authorizationServer } = template.binding.value
  const { issuer } = authorizationServer
  const server = { ...authorizationServer, token_endpoint: tokenEndpoint }
  const now = Date.now() / 1000

  async function writeOne(index: number): Promise<void> {
    const partition = `user-${index}`
    const value = { ...template.binding.value, authorizationServer: server, partition }
    const expiresAtEpochSeconds = expiresAt(index)
    const tokenSet = {
      ...template.grant.tokenSet,
      // As long as a signed one.
      accessToken: `access-${index}-`.padEnd(800, 'x'),
      refreshToken: firstRefreshToken(index),
      issuedAtEpochSeconds: expiresAtEpochSeconds - lifetimeSeconds,
      expiresAtEpochSeconds,
    }
    const identity = { ...template.grant.identity, partition }
    const grant = { ...template.grant, savedAtEpochSeconds: now, identity, tokenSet }
    const ahead = Math.min(300, lifetimeSeconds * 0.2)
    await Promise.all([
      store.write(
        { kind: 'binding', id: recordId(['binding', partition, serverUrl]) },
        JSON.stringify({ ...template.binding, value }),
        0,
      ),
      store.write(
        { kind: 'grant', id: recordId([partition, issuer, resource, registration.clientId]) },
        JSON.stringify(grant),
        0,
        Math.max(0, expiresAtEpochSeconds - ahead - now),
      ),
    ])
  }

  const indexes = Array.from({ length: count }, (_, offset) => first + offset)
  await pMap(indexes, writeOne, { concurrency: concurrentWrites })
}

/** As the client names its records. */
function recordId(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
