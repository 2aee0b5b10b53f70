import type { DeviceSignIn, InteractiveSignIn, SignIn } from '@evergrant/client'
import type { SignInSettings } from '../flags/settings.ts'

/** Options of {@link proxySignIn}. */
export interface ProxySignInOptions extends Pick<
  SignInSettings,
  'method' | 'callback' | 'timeoutSeconds'
> {
  readonly fetch: typeof globalThis.fetch
  readonly openBrowser: ((url: string) => void | Promise<void>) | undefined
  /** Receives what the user must do, such as opening a URL. */
  readonly onPage: (instruction: SignInInstruction) => Promise<void>
  readonly say: (text: string) => void
}

/** What the user must do to sign in. */
export interface SignInInstruction {
  readonly url: string
  /** The code to enter at the URL; absent if there is none. */
  readonly userCode?: string | undefined
}

/** The sign-in of a program without a terminal. Its parts are loaded when the user must sign in. */
export function proxySignIn(options: ProxySignInOptions): SignIn {
  if (options.method === 'client-credentials') return { kind: 'client-credentials' }
  return options.method === 'device' ? deviceSignIn(options) : lazySignIn(options)
}

function lazySignIn(options: ProxySignInOptions): InteractiveSignIn {
  let loaded: Promise<InteractiveSignIn> | undefined
  return {
    kind: 'interactive',
    async prepare(preferredRedirectUri) {
      loaded ??= options.method === 'headless' ? headless(options) : browser(options)
      const prepared = await (await loaded).prepare(preferredRedirectUri)
      return {
        ...prepared,
        async authorize(authorizationUrl, signal) {
          await options.onPage({ url: authorizationUrl })
          return await prepared.authorize(authorizationUrl, signal)
        },
      }
    },
  }
}

async function headless({ fetch, callback }: ProxySignInOptions): Promise<InteractiveSignIn> {
  const { headlessSignIn } = await import('@evergrant/client/headless')
  const { redirectUri } = callback
  return headlessSignIn({ fetch, ...(redirectUri === undefined ? {} : { redirectUri }) })
}

async function browser(options: ProxySignInOptions): Promise<InteractiveSignIn> {
  const { loopbackSignIn } = await import('@evergrant/client/loopback')
  const { callback, timeoutSeconds, openBrowser, say } = options
  return loopbackSignIn(
    async (authorizationUrl) => {
      say(`Sign in at:\n\n  ${authorizationUrl}\n`)
      if (openBrowser === undefined) return
      try {
        await openBrowser(authorizationUrl)
      } catch {
        say('The browser could not be opened. Open the URL above in a browser.')
      }
    },
    { clientName: 'your MCP host', timeoutSeconds, ...callback },
  )
}

function deviceSignIn({ onPage, say }: ProxySignInOptions): DeviceSignIn {
  return {
    kind: 'device',
    show({ verificationUri, verificationUriComplete, userCode }) {
      say(`On any device, open ${verificationUri} and enter the code ${userCode}.`)
      const url = verificationUriComplete ?? verificationUri
      return onPage({ url, userCode: url === verificationUri ? userCode : undefined })
    },
  }
}
