import type { Observer, RecordStore, Session, SignIn } from '@evergrant/client'
import {
  createSession,
  EvergrantClientError,
  retryRevocations,
  systemClock,
} from '@evergrant/client'
import { fileStore } from '@evergrant/client/stores/file'
import { openHome } from '../home/home.ts'
import type { Home } from '../home/home.ts'
import { openStoreKey } from '../home/store-key.ts'
import type { OpenedKey } from '../home/store-key.ts'
import { version } from '../lib/version.ts'
import type { TraceRecorder } from '../trace/recorder.ts'
import type { ServerFacts } from './sign-in-flags.ts'
import type { Surroundings } from './surroundings.ts'
import { commandName, displayName } from '../names.ts'

/** What a command that uses sign-ins works with. */
export interface App extends Surroundings, AsyncDisposable {
  readonly home: Home
  readonly key: OpenedKey
  readonly store: RecordStore
  /** Opens the session with an MCP server. The program waits for it before it ends. */
  session(serverUrl: string, options?: AppSessionOptions): Session
  /** Revokes tokens that earlier sign-outs could not revoke. Never fails; returns how many are left. */
  retryRevocations(): Promise<number>
}

/** Options of {@link App.session}. */
interface AppSessionOptions {
  /** Default: sign-in is not possible. */
  readonly signIn?: SignIn | undefined
  /** Scope to request in addition to the scope that the server names. */
  readonly scope?: string | undefined
  /** What the user says about the servers. */
  readonly facts?: ServerFacts | undefined
  /** Default: the profile of the command. */
  readonly profile?: string | undefined
  readonly observe?: Observer | undefined
}

/** An unavailable server must not delay the command that happens to retry a revocation. */
const revocationTimeoutMilliseconds = 3000

/** Opens the home, its key and the store. */
export async function openApp(surroundings: Surroundings): Promise<App> {
  const { environment, fetch, say, trace } = surroundings
  const home = await openHome(environment.env)
  const key = await openStoreKey(home, environment.env, { notice: say })
  const store = await fileStore(home.storeFolder, { key: key.key })
  const sessions: Session[] = []
  return {
    ...surroundings,
    home,
    key,
    store,
    session(serverUrl, { signIn, scope, facts, profile, observe } = {}) {
      const session = createSession(serverUrl, {
        store,
        fetch,
        partition: profile ?? surroundings.profile,
        client: {
          name: displayName,
          softwareId: commandName,
          softwareVersion: version,
          ...(facts?.preRegistered === undefined ? {} : { preRegistered: facts.preRegistered }),
          dynamicRegistration: facts?.dynamicRegistration,
        },
        signIn,
        acceptedResource: facts?.acceptedResource,
        trustedIssuer: facts?.trustedIssuer,
        observe(event) {
          trace?.event(event)
          observe?.(event)
        },
        preferences: { ...facts?.preferences, additionalScope: scope },
      })
      sessions.push(session)
      return trace === undefined ? session : explainingSignIns(session, trace)
    },
    async retryRevocations() {
      try {
        const { settled, pending } = await retryRevocations(store, {
          clock: systemClock,
          fetch,
          requestTimeoutMilliseconds: revocationTimeoutMilliseconds,
          signal: environment.signal,
        })
        if (settled > 0) say(`Revoked tokens of earlier sign-outs: ${settled}.`)
        return pending
      } catch (error) {
        if (!EvergrantClientError.is(error)) throw error
        say(`Tokens of earlier sign-outs could not be revoked: ${error.message}`)
        return 0
      }
    },
    async [Symbol.asyncDispose]() {
      // Finish and save a refresh in progress: its refresh token is already used.
      await Promise.all(sessions.map((session) => session.whenIdle()))
      await store.close()
    },
  }
}

/** Records why each sign-in requested its scope. */
function explainingSignIns(session: Session, trace: TraceRecorder): Session {
  return {
    ...session,
    async signIn(options) {
      const result = await session.signIn(options)
      const decisions = result.decision?.trace ?? []
      trace.explainSignIn(
        decisions.map(({ outcome, requirements }) => ({ text: outcome, requirements })),
      )
      return result
    },
  }
}
