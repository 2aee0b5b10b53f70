import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EvergrantClientError } from './errors.ts'
import type { InteractiveSignIn, PreparedSignIn } from './sign-in.ts'

/** Settings of {@link loopbackSignIn}. */
export interface LoopbackSignInOptions {
  /** Path of the redirect URI. Default `/callback`. */
  readonly path?: string
  /** Default 0: the port used before if it is free, else any free one. */
  readonly port?: number
  /** How long to wait for the person. Default 300. */
  readonly timeoutSeconds?: number
  /** Name of the program, for the page that the person sees at the end. */
  readonly clientName?: string
}

/**
 * Signs a person in through their browser and a callback on the loopback interface (RFC 8252
 * §7.3). It listens before the browser opens, and on 127.0.0.1 only.
 *
 * @param openBrowser - Shows a URL to the person: opens the browser, or prints it.
 */
export function loopbackSignIn(
  openBrowser: (authorizationUrl: string) => void | Promise<void>,
  options: LoopbackSignInOptions = {},
): InteractiveSignIn {
  const { path = '/callback', timeoutSeconds = 300, clientName = 'the application' } = options
  return {
    kind: 'interactive',
    async prepare(preferredRedirectUri): Promise<PreparedSignIn> {
      const received = Promise.withResolvers<string>()
      // Whoever prepares and never authorizes is owed no unhandled rejection.
      received.promise.catch(() => undefined)
      let expectedState: string | null = null
      const server = createServer((request, response) => {
        const url = new URL(request.url ?? '/', redirectUri)
        if (request.method !== 'GET' || url.pathname !== path) {
          answer(response, 404, 'Nothing here', 'This address only receives sign-ins.')
          return
        }
        // Any page and program on this machine can call here. Only the answer to the sign-in that
        // was begun ends the waiting; `state` is what tells it (C-36).
        if (expectedState === null || url.searchParams.get('state') !== expectedState) {
          answer(response, 400, 'Not this sign-in', 'The address belongs to no sign-in under way.')
          return
        }
        if (url.searchParams.has('error')) {
          answer(response, 200, 'Not signed in', `Return to ${clientName} to see why.`)
        } else {
          answer(response, 200, 'Signed in', `You can close this page and return to ${clientName}.`)
        }
        received.resolve(url.href)
      })
      const port = await listen(server, options.port ?? portOf(preferredRedirectUri, path))
      const redirectUri = `http://127.0.0.1:${port}${path}`

      let closed: Promise<void> | undefined
      function close(): Promise<void> {
        closed ??= new Promise((resolve) => {
          server.close(() => resolve())
          server.closeIdleConnections()
        })
        return closed
      }
      return {
        redirectUri,
        async authorize(authorizationUrl, signal) {
          expectedState = new URL(authorizationUrl).searchParams.get('state')
          const timer = setTimeout(() => {
            received.reject(
              new EvergrantClientError(
                'SIGN_IN_FAILED',
                `Nobody signed in within ${timeoutSeconds} s. Start again when somebody is at the browser.`,
              ),
            )
          }, timeoutSeconds * 1000)
          function onAbort(): void {
            received.reject(signal?.reason)
          }
          signal?.addEventListener('abort', onAbort, { once: true })
          if (signal?.aborted) onAbort()
          try {
            await openBrowser(authorizationUrl)
            return await received.promise
          } finally {
            clearTimeout(timer)
            signal?.removeEventListener('abort', onAbort)
          }
        },
        close,
      }
    },
  }
}

/** The port of an earlier redirect URI of the same form; 0, any free one, for any other. */
function portOf(redirectUri: string | undefined, path: string): number {
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return 0
  const url = new URL(redirectUri)
  return url.hostname === '127.0.0.1' && url.pathname === path ? Number(url.port) : 0
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    return await listenOn(server, port)
  } catch (cause) {
    if (port !== 0) return await listen(server, 0)
    throw new EvergrantClientError(
      'SIGN_IN_FAILED',
      'The sign-in callback cannot listen on 127.0.0.1. Check what restricts this process from opening a loopback port.',
      { cause },
    )
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function answer(response: ServerResponse, status: number, title: string, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'referrer-policy': 'no-referrer',
    connection: 'close',
  })
  response.end(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}</style>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
</html>
`)
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
