import type { InteractiveSignIn, SignIn } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { loopbackSignIn } from '@evergrant/client/loopback'
import type { App } from './app.ts'
import type { CliEnvironment } from '../lib/environment.ts'

/** Flags that choose how a command signs in. */
export interface SignInFlags {
  readonly headless?: boolean | undefined
  /** `false` with `--no-browser`. */
  readonly browser?: boolean | undefined
}

/** What a sign-in uses of the program. */
type SignInContext = Pick<App, 'environment' | 'fetch'>

/** The sign-in of `login`: unattended with `--headless`, otherwise through the browser. */
export function signInOf(flags: SignInFlags, app: SignInContext): InteractiveSignIn {
  return flags.headless === true
    ? headlessSignIn({ fetch: app.fetch })
    : browserSignIn(flags, app.environment)
}

/** The sign-in of commands that usually need none. Without a terminal, the user is not prompted. */
export function signInIfPossible(flags: SignInFlags, app: SignInContext): SignIn {
  return flags.headless === true || app.environment.isInteractive === true
    ? signInOf(flags, app)
    : { kind: 'none' }
}

function browserSignIn(flags: SignInFlags, environment: CliEnvironment): InteractiveSignIn {
  const { stderr, openBrowser } = environment
  return loopbackSignIn(
    async (authorizationUrl) => {
      // Always printed: the browser may open elsewhere, or not at all.
      stderr(`Sign in at:\n\n  ${authorizationUrl}\n\nWaiting for the browser…\n`)
      if (flags.browser === false || openBrowser === undefined) return
      try {
        await openBrowser(authorizationUrl)
      } catch {
        stderr(
          'The browser could not be opened. Open the URL above in a browser on this machine.\n',
        )
      }
    },
    { clientName: 'evergrant' },
  )
}
