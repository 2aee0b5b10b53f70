import type { InteractiveSignIn } from '@evergrant/client'
import { walkThroughPages } from '@evergrant/test-kit'
import type { FormFields } from '@evergrant/test-kit'

/** Nothing listens on this port: the redirect is read, not followed. */
export const redirectUri = 'http://127.0.0.1:9/callback'

/** A sign-in that goes through a server's pages like a browser without scripts. */
export function signInThroughPages(fields: FormFields = {}): InteractiveSignIn {
  return {
    kind: 'interactive',
    async prepare() {
      return {
        redirectUri,
        authorize: (authorizationUrl) =>
          walkThroughPages(authorizationUrl, { fields, redirectUri }),
        async close() {
          // There is no listener to close.
        },
      }
    },
  }
}
