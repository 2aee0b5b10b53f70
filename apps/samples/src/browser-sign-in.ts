/** A sign-in of a browser app: a window for the authorization page, and tokens only in memory. */

/* oxlint-disable unicorn/require-post-message-target-origin -- a channel reaches only its own origin */

// #region sign-in
import { createSession } from '@evergrant/client'
import type { InteractiveSignIn, Session } from '@evergrant/client'
import { memoryStore } from '@evergrant/client/stores/memory'

/** Both pages of the app use this channel. Other origins cannot. */
const channelName = 'mcp-sign-in'

/** @param openWindow - For example `(url) => void window.open(url, '_blank', 'popup')`. */
export function windowSignIn(
  redirectUri: string,
  openWindow: (url: string) => void,
): InteractiveSignIn {
  return {
    kind: 'interactive',
    prepare() {
      const channel = new BroadcastChannel(channelName)
      return Promise.resolve({
        redirectUri,
        async authorize(authorizationUrl, signal) {
          signal?.throwIfAborted()
          return await new Promise<string>((resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('The sign-in was cancelled.')))
            channel.addEventListener('message', (event) => {
              const data: unknown = event instanceof MessageEvent ? event.data : undefined
              // Another tab of the app may sign in at the same time.
              if (typeof data === 'string' && stateOf(data) === stateOf(authorizationUrl)) {
                resolve(data)
              }
            })
            openWindow(authorizationUrl)
          })
        },
        async close() {
          channel.close()
          await Promise.resolve()
        },
      })
    },
  }
}

function stateOf(url: string): string | null | undefined {
  return URL.parse(url)?.searchParams.get('state')
}

/** Runs in the page at `redirectUri`, for example with `location.href`. */
export function deliverResponse(callbackUrl: string): void {
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(callbackUrl)
  channel.close()
}

/** Tokens end with the page, so that no script can find them in a storage. */
export function createBrowserSession(
  mcpServerUrl: string,
  redirectUri: string,
  openWindow: (url: string) => void,
): Session {
  return createSession(mcpServerUrl, {
    store: memoryStore(),
    signIn: windowSignIn(redirectUri, openWindow),
    client: { name: 'My browser app', applicationType: 'web' },
  })
}
// #endregion sign-in
