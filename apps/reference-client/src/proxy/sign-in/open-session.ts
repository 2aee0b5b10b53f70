import type {
  PreRegisteredClient,
  RecordStore,
  Session,
  SignInOptions,
  SignInResult,
} from '@evergrant/client'
import { createSession, discover } from '@evergrant/client'
import { fileStore } from '@evergrant/client/stores/file'
import type { Surroundings } from '../../connection/surroundings.ts'
import { openHome } from '../../home/home.ts'
import { openStoreKey } from '../../home/store-key.ts'
import { version } from '../../lib/version.ts'
import { clientOf } from '../flags/settings.ts'
import type { SignInSettings } from '../flags/settings.ts'
import { pendingSignIn } from './pending-sign-in.ts'
import { proxySignIn } from './proxy-sign-in.ts'
import type { SignInInstruction } from './proxy-sign-in.ts'
import { sharedPage } from './shared-page.ts'
import { displayName } from '../../names.ts'

/** A session whose `signIn` limits how long a request waits. */
export interface OpenedSession {
  readonly session: Session
  /** Saves what is in progress, and closes the store. */
  close(): Promise<void>
}

/** What a session tells the proxy. */
export interface SessionEvents {
  readonly signal: AbortSignal
  readonly onSignedIn: () => void
  readonly onFailed: (error: unknown) => void
}

/** After a failed sign-in, requests fail with its result for this long. */
const failurePauseMilliseconds = 10_000
/** A process that waits for another one gives up first, so that it opens no second page. */
const giveUpSeconds = 3

/**
 * Opens the store and the session of the proxy.
 *
 * @throws CliError, EvergrantClientError, ProtocolError
 */
export async function openSession(
  serverUrl: string,
  settings: SignInSettings,
  surroundings: Surroundings,
  events: SessionEvents,
): Promise<OpenedSession> {
  const { environment, fetch, say, trace } = surroundings
  const home = await openHome(environment.env)
  const key = await openStoreKey(home, environment.env, { notice: say })
  const store = await fileStore(home.storeFolder, { key: key.key })
  const { profile, hasProfile } = surroundings
  const partition = hasProfile ? profile : (settings.separateProfile ?? profile)
  const page = sharedPage(store, partition, serverUrl)
  let ownPage: SignInInstruction | undefined
  const registered = await registrationOf(serverUrl, partition, settings, store, fetch)
  const { facts, timeoutSeconds } = settings
  const session = createSession(serverUrl, {
    store,
    fetch,
    partition,
    client: clientOf(settings, registered, version),
    acceptedResource: facts.acceptedResource,
    trustedIssuer: facts.trustedIssuer,
    preferences: settings.preferences,
    observe: (event) => trace?.event(event),
    signIn: proxySignIn({
      ...settings,
      fetch,
      openBrowser: settings.opensBrowser ? environment.openBrowser : undefined,
      async onPage(instruction) {
        ownPage = instruction
        await page.publish(instruction, timeoutSeconds)
      },
      say,
    }),
  })

  async function closePage(): Promise<void> {
    if (ownPage === undefined) return
    ownPage = undefined
    await page.withdraw()
  }

  async function signInOnce(request: SignInOptions): Promise<SignInResult> {
    try {
      return await waitLessThanPage(session, request, () => ownPage !== undefined, timeoutSeconds)
    } finally {
      await closePage()
    }
  }

  const signIn = pendingSignIn(signInOnce, {
    waitMilliseconds: settings.waitSeconds * 1000,
    pauseMilliseconds: failurePauseMilliseconds,
    signal: events.signal,
    findPage: async () => ownPage ?? (await page.find()),
    onSignedIn: events.onSignedIn,
    onFailed: events.onFailed,
  })
  return {
    session: { ...session, signIn: (request = {}) => signIn(request) },
    async close() {
      await session.whenIdle()
      await store.close()
    },
  }
}

/**
 * Signs in, or waits for the process that does. All processes that started together would open a page
 * one after the other, each when the page before it times out. So a process that only waits gives up
 * before that. The next request of its host starts again.
 */
async function waitLessThanPage(
  session: Session,
  request: SignInOptions,
  hasOwnPage: () => boolean,
  timeoutSeconds: number,
): Promise<SignInResult> {
  const giveUp = new AbortController()
  const timer = setTimeout(
    () => {
      if (!hasOwnPage()) giveUp.abort(new Error('another program did not finish its sign-in'))
    },
    Math.max(1, timeoutSeconds - giveUpSeconds) * 1000,
  )
  timer.unref()
  const outer = request.signal
  const signal = AbortSignal.any([giveUp.signal, ...(outer ? [outer] : [])])
  try {
    return await session.signIn({ ...request, signal })
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A client that mcp-remote would use at every authorization server gets the issuer of the stored sign-in,
 * otherwise the one that the MCP server names now. Its secret goes to no other.
 */
async function registrationOf(
  serverUrl: string,
  partition: string,
  { client, facts }: SignInSettings,
  store: RecordStore,
  fetch: typeof globalThis.fetch,
): Promise<Readonly<Record<string, PreRegisteredClient>> | undefined> {
  if (client === undefined) return undefined
  const stored = createSession(serverUrl, { store, partition, client: { name: displayName } })
  const { identity } = await stored.status()
  if (identity?.clientId === client.clientId) return { [identity.issuer]: client }
  const { authorizationServer } = await discover(serverUrl, {
    fetch,
    acceptedResource: facts.acceptedResource,
    trustedIssuer: facts.trustedIssuer,
  })
  return { [authorizationServer.issuer]: client }
}
