import type { ServerResponse } from 'node:http'
import { EvergrantClientError, quote } from './lib/errors.ts'
import { callbackPage } from './loopback/callback-page.ts'
import { startCallbackServer } from './loopback/callback-server.ts'
import { queryOfCallback } from './loopback/request-target.ts'
import type { InteractiveSignIn, PreparedSignIn } from './session/sign-in-method.ts'

/** Options of {@link loopbackSignIn}. */
export interface LoopbackSignInOptions {
  /** Path of the redirect URI. Default `/callback`. */
  readonly path?: string
  /** Default 0: the previous port if it is free, otherwise any free one. */
  readonly port?: number
  /** How long to wait for the user. Default 300. */
  readonly timeoutSeconds?: number
  /** The name of the program, for the page that the user sees at the end. */
  readonly clientName?: string
}

/**
 * Signs the user in through their browser and a callback on the loopback interface (RFC 8252
 * §7.3). It listens before the browser opens, and on 127.0.0.1 only.
 *
 * Every program and web page on this machine can send requests to the callback. Only a request for
 * the redirect URI with the `state` of this sign-in ends the wait. Other requests are answered and
 * ignored, and open connections do not delay the end of the sign-in.
 *
 * @param openBrowser - Shows a URL to the user: opens the browser, or prints the URL. The sign-in does
 *   not wait until it returns. If it fails before the response arrives, the sign-in fails with its
 *   error.
 * @throws EvergrantClientError `INVALID_OPTION` for an invalid `path`. `prepare` and `authorize`
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
  const path = checkedPath(options.path ?? '/callback')
  return {
    kind: 'interactive',
    async prepare(preferredRedirectUri): Promise<PreparedSignIn> {
      const received = Promise.withResolvers<string>()
      // A caller that never calls `authorize` must not get an unhandled rejection.
      received.promise.catch(() => undefined)
      let expectedState: string | null = null
      const port = options.port ?? portOf(preferredRedirectUri, path)
      const server = await startCallbackServer(port, (request, response) => {
        const query = queryOfCallback(request, path)
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
      const redirectUri = `http://127.0.0.1:${server.port}${path}`
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

function checkedPath(path: string): string {
  const base = 'http://127.0.0.1'
  const canParse = /^\/[^?#]*$/.test(path) && URL.canParse(base + path)
  if (canParse && new URL(base + path).href === base + path) return path
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The option "path" of the loopback redirect URI cannot be used: ${quote(path)} (expected an absolute, percent-encoded path without query, fragment or dot segments, such as /callback). Correct it.`,
  )
}

/** The port of an earlier redirect URI of the same form; otherwise 0, which means any free port. */
function portOf(redirectUri: string | undefined, path: string): number {
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return 0
  const url = new URL(redirectUri)
  return url.hostname === '127.0.0.1' && url.pathname === path ? Number(url.port) : 0
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
