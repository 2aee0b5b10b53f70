/**
 * What a program passes to all its sessions: a store for sign-ins, and a way for the user to sign in.
 */
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { SessionOptions } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { proxyFetch } from '@evergrant/client/proxy-fetch'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'

/** The session options that the samples need. */
export type Host = Pick<SessionOptions, 'store' | 'signIn' | 'fetch'>

/**
 * Opens the host of a program that runs on the user's machine.
 *
 * `EVERGRANT_SAMPLES_HOME` overrides the folder `~/.evergrant-samples`.
 * `EVERGRANT_SAMPLES_HEADLESS=1` signs in without a browser, at an auto-approving server.
 */
export async function openHost(environment: NodeJS.ProcessEnv = process.env): Promise<Host> {
  const home = environment['EVERGRANT_SAMPLES_HOME'] ?? path.join(homedir(), '.evergrant-samples')
  const headless = environment['EVERGRANT_SAMPLES_HEADLESS'] === '1'
  // The store is encrypted. Get its key from keyFileKey(), keychainKey() or passphraseKey().
  const { key } = await keyFileKey(path.join(home, 'store.key'))
  const store = await fileStore(path.join(home, 'store'), { key })
  // #region sign-in
  const browserSignIn = loopbackSignIn((authorizationUrl) => {
    process.stderr.write(`Sign in here: ${authorizationUrl}\n`)
  })
  // #endregion sign-in
  // #region proxy
  // Uses HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Pass it to createSession() and authorizedFetch().
  const fetch = proxyFetch(environment)
  // #endregion proxy
  return { store, fetch, signIn: headless ? headlessSignIn({ fetch }) : browserSignIn }
}
