import type {
  ClientCredentialsSignIn,
  DeviceSignIn,
  InteractiveSignIn,
  SignIn,
} from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { parseRedirectUri } from '@evergrant/core/registration'
import type { Surroundings } from './surroundings.ts'
import { pastedCallback } from './pasted-callback.ts'
import type { SignInFlags } from './sign-in-flags.ts'
import { commandName } from '../names.ts'

/** What a sign-in uses of the program. */
type SignInContext = Pick<Surroundings, 'environment' | 'fetch'> &
  Partial<Pick<Surroundings, 'trace'>>

/** The ways to sign in that this program offers. */
type PossibleSignIn = InteractiveSignIn | DeviceSignIn | ClientCredentialsSignIn

/**
 * The sign-in of `login`: unattended with `--headless` or `--client-credentials`, otherwise by the user.
 * Without a browser here, the user signs in on another device if the server supports that, and otherwise
 * pastes the response.
 *
 * @throws ProtocolError `CLIENT_METADATA_INVALID` for a redirect URI that no server should accept.
 */
export function signInOf(flags: SignInFlags, app: SignInContext): PossibleSignIn {
  const { environment } = app
  if (flags.clientCredentials === true) return { kind: 'client-credentials' }
  if (flags.headless === true) return headlessSignIn({ fetch: app.fetch })
  if (flags.deviceCode === true) return deviceSignIn(app)
  const { redirectUri, callbackHost, callbackPort } = flags
  if (redirectUri !== undefined && parseRedirectUri(redirectUri) !== 'loopback') {
    return pasteSignIn(redirectUri, flags, app)
  }
  const inBrowser = browserSignIn(flags, app)
  const hasBrowser = flags.browser !== false && environment.openBrowser !== undefined
  // These options say that the response must come to this machine.
  const isFixed = [redirectUri, callbackHost, callbackPort].some((one) => one !== undefined)
  return hasBrowser || isFixed ? inBrowser : deviceSignIn(app, inBrowser)
}

/**
 * The sign-in of commands that usually need none. Without a terminal, the user is not prompted, except
 * with `--device-code`: the code can be read from a log.
 */
export function signInIfPossible(flags: SignInFlags, app: SignInContext): SignIn {
  const { headless, clientCredentials, deviceCode } = flags
  const needsNoTerminal = [headless, clientCredentials, deviceCode].includes(true)
  return needsNoTerminal || app.environment.isInteractive === true
    ? signInOf(flags, app)
    : { kind: 'none' }
}

/** The user signs in on any device with a browser. */
function deviceSignIn(
  { environment, trace }: SignInContext,
  otherwise?: InteractiveSignIn,
): DeviceSignIn {
  return {
    kind: 'device',
    otherwise,
    show({ verificationUri, verificationUriComplete, userCode, expiresInSeconds }) {
      trace?.decision('The user signs in on another device.', ['C-45'])
      const shortcut =
        verificationUriComplete === undefined
          ? ''
          : `Or open this page, and compare the code:\n\n  ${verificationUriComplete}\n\n`
      environment.stderr(
        `On any device, open this page and enter the code ${userCode}:\n\n  ${verificationUri}\n\n${shortcut}Waiting until you approve… The code expires in ${Math.ceil(expiresInSeconds / 60)} min.\n`,
      )
    },
  }
}

/** Receives the response on loopback, or pasted by the user, whichever comes first. */
function browserSignIn(flags: SignInFlags, app: SignInContext): InteractiveSignIn {
  const { environment } = app
  const loopback = loopbackSignIn(
    async (authorizationUrl) => {
      await showAuthorizationUrl(authorizationUrl, flags, app)
      environment.stderr(
        environment.readLine === undefined
          ? 'Waiting for the browser…\n'
          : 'Waiting for the browser… If it is on another machine, paste the URL that it was redirected to: ',
      )
    },
    {
      clientName: commandName,
      host: flags.callbackHost,
      port: flags.callbackPort,
      redirectUri: flags.redirectUri,
    },
  )
  return {
    kind: 'interactive',
    async prepare(preferredRedirectUri) {
      const prepared = await loopback.prepare(preferredRedirectUri)
      const { redirectUri } = prepared
      return {
        ...prepared,
        async authorize(authorizationUrl, signal) {
          const received = new AbortController()
          const reading = AbortSignal.any([received.signal, ...(signal ? [signal] : [])])
          const pasted = pastedCallback(authorizationUrl, redirectUri, environment, reading).then(
            // Without a terminal, only the browser can answer.
            (url) => url ?? new Promise<never>(() => undefined),
          )
          pasted.catch(() => undefined)
          try {
            return await Promise.race([prepared.authorize(authorizationUrl, signal), pasted])
          } finally {
            received.abort()
            // The prompt for the URL ends without a line break.
            if (environment.readLine !== undefined) environment.stderr('\n')
          }
        },
      }
    },
  }
}

/** For a redirect URI that this program cannot receive: the user pastes the response. */
function pasteSignIn(
  redirectUri: string,
  flags: SignInFlags,
  app: SignInContext,
): InteractiveSignIn {
  const { environment } = app
  return {
    kind: 'interactive',
    prepare: () =>
      Promise.resolve({
        redirectUri,
        async authorize(authorizationUrl, signal = new AbortController().signal) {
          await showAuthorizationUrl(authorizationUrl, flags, app)
          environment.stderr(
            `After you approve, the browser goes to ${redirectUri}. Paste the URL of that page: `,
          )
          const pasted = await pastedCallback(authorizationUrl, redirectUri, environment, signal)
          if (pasted !== undefined) return pasted
          throw new EvergrantClientError(
            'SIGN_IN_FAILED',
            `The sign-in failed: this program cannot receive ${redirectUri}, and there is no terminal to paste the URL into. Run the command in a terminal, or use a redirect URI on loopback.`,
          )
        },
        close: () => Promise.resolve(),
      }),
  }
}

async function showAuthorizationUrl(
  authorizationUrl: string,
  flags: SignInFlags,
  { environment: { stderr, openBrowser }, trace }: SignInContext,
): Promise<void> {
  trace?.decision(`The user signs in at ${new URL(authorizationUrl).origin}.`, [
    'C-33',
    'C-34',
    'C-36',
  ])
  // Always printed: the browser may open elsewhere, or not at all.
  stderr(`Sign in at:\n\n  ${authorizationUrl}\n\n`)
  if (flags.browser === false || openBrowser === undefined) return
  try {
    await openBrowser(authorizationUrl)
  } catch {
    stderr('The browser could not be opened. Open the URL above in a browser.\n')
  }
}
