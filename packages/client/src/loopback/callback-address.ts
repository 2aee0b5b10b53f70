import { EvergrantClientError, quote } from '../lib/errors.ts'

/** A host that always means this machine (RFC 8252 §7.3 and §8.3). */
export type LoopbackHost = '127.0.0.1' | 'localhost' | '::1'

/** Where a callback listens, and how its redirect URI is spelled. */
export interface CallbackAddress {
  readonly host: LoopbackHost
  /** 0 for any free port. */
  readonly port: number
  /** Whether no other port will do, because the user or a registration named this one. */
  readonly isFixed: boolean
  /** The path of the redirect URI as it was spelled; empty for `http://localhost`. */
  readonly path: string
}

/** The options that choose the address. */
export interface CallbackAddressOptions {
  readonly redirectUri?: string | undefined
  readonly host?: LoopbackHost | undefined
  readonly port?: number | undefined
  readonly path?: string | undefined
}

const hosts: ReadonlySet<string> = new Set<LoopbackHost>(['127.0.0.1', 'localhost', '::1'])

/**
 * Reads the options of a callback.
 *
 * @throws EvergrantClientError `INVALID_OPTION`
 */
export function callbackAddress(options: CallbackAddressOptions): CallbackAddress {
  const { redirectUri, host, port, path } = options
  if (redirectUri === undefined) {
    return {
      host: checkedHost(host ?? '127.0.0.1'),
      port: checkedPort(port ?? 0),
      isFixed: port !== undefined && port !== 0,
      path: checkedPath(path ?? '/callback'),
    }
  }
  if (host !== undefined || port !== undefined || path !== undefined) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      'The options of the loopback sign-in cannot be used: "redirectUri" comes with "host", "port" or "path" (expected either). Remove one or the other.',
    )
  }
  return addressOf(redirectUri)
}

/** The redirect URI of an address, with the port that the callback listens on. */
export function redirectUriOf({ host, path }: CallbackAddress, port: number): string {
  return `http://${host === '::1' ? '[::1]' : host}:${port}${path}`
}

/** The port of an earlier redirect URI of the same form; otherwise 0, which means any free port. */
export function earlierPort(redirectUri: string | undefined, address: CallbackAddress): number {
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return 0
  const port = Number(new URL(redirectUri).port)
  return redirectUri === redirectUriOf(address, port) ? port : 0
}

function addressOf(redirectUri: string): CallbackAddress {
  const match = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?(\/[^?#]*)?$/.exec(
    redirectUri,
  )
  if (match === null) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "redirectUri" of the loopback sign-in (--redirect-uri on the command line) cannot be used: ${quote(redirectUri)} (expected http, one of the hosts 127.0.0.1, localhost and [::1], and no query or fragment, such as http://localhost:8085/callback). Register such a redirect URI at the authorization server.`,
    )
  }
  const [, host = '', port, path = ''] = match
  return {
    host: checkedHost(host.replaceAll(/[[\]]/g, '')),
    port: checkedPort(Number(port ?? 0)),
    isFixed: port !== undefined,
    path: path === '' ? '' : checkedPath(path),
  }
}

function checkedHost(host: string): LoopbackHost {
  if (isLoopbackHost(host)) return host
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The option "host" of the loopback redirect URI cannot be used: ${quote(host)} (expected 127.0.0.1, localhost or ::1). Correct it.`,
  )
}

function isLoopbackHost(host: string): host is LoopbackHost {
  return hosts.has(host)
}

function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The option "port" of the loopback redirect URI (--callback-port on the command line) cannot be used: ${port} (expected a whole number from 0 to 65535). Correct it.`,
  )
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
