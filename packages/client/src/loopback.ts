import type { ServerResponse } from 'node:http'
import { EvergrantClientError } from './lib/errors.ts'
import type { LoopbackHost } from './loopback/callback-address.ts'
import { callbackAddress, earlierPort, redirectUriOf } from './loopback/callback-address.ts'
import { callbackPage } from './loopback/callback-page.ts'
import { startCallbackServer } from './loopback/callback-server.ts'
import { queryOfCallback } from './loopback/request-target.ts'
import type { InteractiveSignIn, PreparedSignIn } from './session/sign-in-method.ts'

export type { LoopbackHost } from './loopback/callback-address.ts'

/** Options of {@link loopbackSignIn}. */
export interface LoopbackSignInOptions {
  /** Path of the redirect URI. Default `/callback`. */
  readonly path?: string | undefined
  /**
   * The only port to listen on. Default: the port of the previous sign-in if it is free, otherwise
   * any free one.
   */
  readonly port?: number | undefined
  /**
   * Host of the redirect URI. Default `127.0.0.1`. Some servers accept only `localhost`; the callback
   * then listens on both loopback addresses, because a browser may use either.
   */
  readonly host?: LoopbackHost | undefined
  /**
   * The redirect URI of a client that is registered by hand, instead of `host`, `port` and `path`.
   * Without a port, any free one is used (RFC 8252 §7.3).
   */
  readonly redirectUri?: string | undefined
  /** How long to wait for the user. Default 300. */
  readonly timeoutSeconds?: number
  /** The name of the program, for the page that the user sees at the end. */
  readonly clientName?: string
}

/**
 * Signs the user in through their browser and a callback on the loopback interface (RFC 8252
 * §7.3). It listens before the browser opens, and on loopback addresses only.
 *
 * Every program and web page on this machine can send requests to the callback. Only a request for
 * the redirect URI with the `state` of this sign-in ends the wait. Other requests are answered and
 * ignored, and open connections do not delay the end of the sign-in.
 *
 * @param openBrowser - Shows a URL to the user: opens the browser, or prints the URL. The sign-in does
 *   not wait until it returns. If it fails before the response arrives, the sign-in fails with its
 *   error.
 * @throws EvergrantClientError `INVALID_OPTION` for an invalid redirect URI, host, port or path. `prepare` and `authorize`
 *   reject with `SIGN_IN_FAILED` if no port can be opened, if the user does not sign in within
 *   `timeoutSeconds`, or if `close` is called first.
 * @example
 * const session = createSession(url, { ...options, signIn: loopbackSignIn(openBrowser) })
 */
export function loopbackSignIn(
  openBrowser: (authorizationUrl: string) => void | Promise<void>,
  options: LoopbackSignInOptions = {},
): InteractiveSignIn {
  const { timeoutSeconds = 300, clientName = 'the application' } = options
  const address = callbackAddress(options)
  return {
    kind: 'interactive',
    async prepare(preferredRedirectUri): Promise<PreparedSignIn> {
      const received = Promise.withResolvers<string>()
      // A caller that never calls `authorize` must not get an unhandled rejection.
      received.promise.catch(() => undefined)
      let expectedState: string | null = null
      const port = address.isFixed ? address.port : earlierPort(preferredRedirectUri, address)
      const server = await startCallbackServer({ ...address, port }, (request, response) => {
        const query = queryOfCallback(request, address.path === '' ? '/' : address.path)
        if (query === undefined) {
          answer(response, 404, 'Not found', 'This address only receives sign-ins.')
          return
        }
        // Every page and program on this machine can send requests here. Only the response to this
        // sign-in, which has its `state`, ends the wait (C-36).
        const parameters = new URLSearchParams(query)
        if (expectedState === null || parameters.get('state') !== expectedState) {
          answer(
            response,
            400,
            'Not this sign-in',
            'This address does not belong to a running sign-in.',
          )
          return
        }
        if (parameters.has('error')) {
          answer(response, 200, 'Not signed in', `Return to ${clientName} to see why.`)
        } else {
          answer(response, 200, 'Signed in', `You can close this page and return to ${clientName}.`)
        }
        received.resolve(`${redirectUri}?${query}`)
      })
      const redirectUri = redirectUriOf(address, server.port)
      return {
        redirectUri,
        async authorize(authorizationUrl, signal) {
          signal?.throwIfAborted()
          expectedState = new URL(authorizationUrl).searchParams.get('state')
          server.keepAlive()
          const timer = setTimeout(() => {
            received.reject(
              new EvergrantClientError(
                'SIGN_IN_FAILED',
                `The sign-in failed: it was not finished within ${timeoutSeconds} s. Start it again, and finish it in the browser.`,
              ),
            )
          }, timeoutSeconds * 1000)
          function onAbort(): void {
            received.reject(signal?.reason)
          }
          signal?.addEventListener('abort', onAbort, { once: true })
          try {
            // Not awaited: a launcher that returns when the browser closes would delay the response.
            void show(openBrowser, authorizationUrl).catch(received.reject)
            return await received.promise
          } finally {
            clearTimeout(timer)
            signal?.removeEventListener('abort', onAbort)
          }
        },
        close() {
          received.reject(
            new EvergrantClientError(
              'SIGN_IN_FAILED',
              'The sign-in failed: it was closed before the authorization server answered. Start it again.',
            ),
          )
          return server.close()
        },
      }
    },
  }
}

async function show(
  openBrowser: (authorizationUrl: string) => void | Promise<void>,
  authorizationUrl: string,
): Promise<void> {
  await openBrowser(authorizationUrl)
}

function answer(response: ServerResponse, status: number, title: string, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'referrer-policy': 'no-referrer',
    connection: 'close',
  })
  response.end(callbackPage(title, text))
}
