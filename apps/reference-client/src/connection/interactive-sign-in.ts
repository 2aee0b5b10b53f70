import type { InteractiveSignIn, SignIn } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { loopbackSignIn } from '@evergrant/client/loopback'
import type { App } from './app.ts'
import type { CliEnvironment } from '../lib/environment.ts'

/** How a command was asked to sign in. */
export interface SignInFlags {
  readonly headless?: boolean | undefined
  /** `false` with `--no-browser`. */
  readonly browser?: boolean | undefined
}

/** What a sign-in takes from the program. */
type SignInContext = Pick<App, 'environment' | 'fetch'>

/** The sign-in of `login`: unattended with `--headless`, else through the browser. */
export function signInOf(flags: SignInFlags, app: SignInContext): InteractiveSignIn {
  return flags.headless === true
    ? headlessSignIn({ fetch: app.fetch })
    : browserSignIn(flags, app.environment)
}

/** The sign-in of commands that need none as a rule: nobody is asked where nobody is there. */
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
        stderr('No browser could be opened. Open the address above in one on this machine.\n')
      }
    },
    { clientName: 'evergrant' },
  )
}
