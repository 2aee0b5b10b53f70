import type { Observer, PreRegisteredClient, RecordStore, Session, SignIn } from '@evergrant/client'
import {
  createSession,
  EvergrantClientError,
  retryRevocations,
  systemClock,
} from '@evergrant/client'
import { fileStore } from '@evergrant/client/stores/file'
import type { CliEnvironment } from '../lib/environment.ts'
import { openHome } from '../home/home.ts'
import type { Home } from '../home/home.ts'
import type { SentCredentials } from '../output/sent-credentials.ts'
import { openStoreKey } from '../home/store-key.ts'
import type { OpenedKey } from '../home/store-key.ts'
import { version } from '../lib/version.ts'

/** What every command works with. */
export interface App extends AsyncDisposable, SentCredentials {
  readonly environment: CliEnvironment
  readonly home: Home
  readonly key: OpenedKey
  readonly store: RecordStore
  /** Writes a line for a person to stderr. */
  say(text: string): void
  /** Opens the session with an MCP server; it is waited for before the program ends. */
  session(serverUrl: string, options?: AppSessionOptions): Session
  /** Revokes what earlier sign-outs could not. Never fails; returns how many are left. */
  retryRevocations(): Promise<number>
}

/** Options of {@link App.session}. */
interface AppSessionOptions {
  /** Default: nobody can sign in. */
  readonly signIn?: SignIn | undefined
  /** Scope to ask for besides what the server names. */
  readonly scope?: string | undefined
  /** Clients registered by hand, by issuer. */
  readonly preRegistered?: Readonly<Record<string, PreRegisteredClient>> | undefined
  /** A resource wider than the MCP server's URL that the user accepts. */
  readonly acceptedResource?: string | undefined
  readonly observe?: Observer | undefined
}

/** A server that is away must not hold up the command that happens to ask it again. */
const revocationTimeoutMilliseconds = 3000

/** Opens the store and what belongs to it. */
export async function openApp(
  environment: CliEnvironment,
  credentials: SentCredentials,
): Promise<App> {
  const say = (text: string): void => environment.stderr(`${text}\n`)
  const home = await openHome(environment.env)
  const key = await openStoreKey(home, environment.env, { notice: say })
  const store = await fileStore(home.storeFolder, { key: key.key })
  const sessions: Session[] = []
  return {
    ...credentials,
    environment,
    home,
    key,
    store,
    say,
    session(serverUrl, { signIn, scope, preRegistered, acceptedResource, observe } = {}) {
      const session = createSession(serverUrl, {
        store,
        fetch: credentials.fetch,
        client: {
          name: 'Evergrant',
          softwareId: 'evergrant',
          softwareVersion: version,
          ...(preRegistered === undefined ? {} : { preRegistered }),
        },
        signIn,
        acceptedResource,
        observe,
        preferences: { additionalScope: scope },
      })
      sessions.push(session)
      return session
    },
    async retryRevocations() {
      try {
        const { settled, pending } = await retryRevocations(store, {
          clock: systemClock,
          fetch: credentials.fetch,
          requestTimeoutMilliseconds: revocationTimeoutMilliseconds,
          signal: environment.signal,
        })
        if (settled > 0) say(`Revoked at the authorization server what was signed out: ${settled}.`)
        return pending
      } catch (error) {
        if (!EvergrantClientError.is(error)) throw error
        say(`Signed-out tokens could not be revoked now: ${error.message}`)
        return 0
      }
    },
    async [Symbol.asyncDispose]() {
      // A refresh under way is finished and saved: its refresh token is already spent.
      await Promise.all(sessions.map((session) => session.whenIdle()))
      await store.close()
    },
  }
}
