/** How a program on a user's machine lets its user sign in. */
// #region methods
import process from 'node:process'
import type { SignIn } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { loopbackSignIn } from '@evergrant/client/loopback'

function show(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** A browser on this machine. Open the URL there, or print it. */
const browser = loopbackSignIn((url) => show(`Sign in here: ${url}`))

export const signInMethods = {
  browser,
  /** A code on any device, and the browser of this machine for servers without the device grant. */
  device: {
    kind: 'device',
    show: ({ verificationUri, userCode }) => show(`Open ${verificationUri}, and enter ${userCode}`),
    otherwise: browser,
  },
  /** A web application or gateway: calls throw SIGN_IN_REQUIRED with an `authorizationUrl`. */
  redirect: { kind: 'redirect', redirectUri: 'https://gateway.example.com/oauth/callback' },
  /** The client itself, without a user. Needs a client with a secret in `client.preRegistered`. */
  clientCredentials: { kind: 'client-credentials' },
  /** An auto-approving server, for example in tests. */
  headless: headlessSignIn(),
} satisfies Record<string, SignIn>
// #endregion methods
