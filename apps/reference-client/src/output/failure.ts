import { EvergrantClientError } from '@evergrant/client'
import type { SignInReason } from '@evergrant/client'
import { ProxyError } from '@evergrant/client/proxy-fetch'
import { cleanRemoteText, ProtocolError } from '@evergrant/core'
import type { ProtocolErrorCode } from '@evergrant/core'
import { ProtocolError as McpProtocolError, SdkHttpError } from '@modelcontextprotocol/client'
import type { ExitCode } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import type { Failure } from './failed-outcome.ts'
import { commandName } from '../names.ts'

const longestChain = 8

/** Errors of a URL, a scope or a redirect URI that the user gave. */
const argumentErrors: ReadonlySet<string> = new Set<ProtocolErrorCode>([
  'URL_INVALID',
  'SCOPE_INVALID',
  'ENDPOINT_NOT_SECURE',
  'CLIENT_METADATA_INVALID',
])

/**
 * Describes an error. The MCP SDK wraps the errors of `fetch`, so the whole chain of causes counts.
 *
 * @param serverUrl - The MCP server of the command, for the advice.
 * @param redact - Removes credentials from a server's text before it is truncated.
 */
export function describeFailure(
  error: unknown,
  serverUrl: string | undefined,
  redact: (text: string) => string = (text) => text,
): Failure {
  const chain = causes(error)
  // The outermost one: this program's errors say more than their causes.
  const known = chain.find((one) => EvergrantClientError.is(one) || CliError.is(one))
  if (EvergrantClientError.is(known)) return clientFailure(known, serverUrl)
  if (CliError.is(known)) {
    const exitCode = known.code === 'USAGE' ? exitCodes.usage : exitCodes.failed
    return { exitCode, code: known.code, message: known.message }
  }
  const protocol = chain.find((one) => ProtocolError.is(one))
  if (ProtocolError.is(protocol)) {
    const aboutArgument = argumentErrors.has(protocol.code)
    const exitCode = aboutArgument ? exitCodes.usage : exitCodes.failed
    return { exitCode, code: protocol.code, message: protocol.message }
  }
  return mcpFailure(chain, serverUrl, redact)
}

function clientFailure(error: EvergrantClientError, serverUrl: string | undefined): Failure {
  const { code, message, signInReason, requiredScope, retryAfterSeconds, oauthError } = error
  const needsSignIn = code === 'SIGN_IN_REQUIRED' || code === 'SIGN_IN_FAILED'
  // A first sign-in reads the scope from the server's challenge.
  const widens = signInReason === 'wider-scope-needed' && requiredScope !== undefined
  const scope = widens && isSafeInShell(requiredScope) ? ` --scope "${requiredScope}"` : ''
  const byHand = code === 'REGISTRATION_FAILED' ? ' --client-id ID --issuer URL' : undefined
  const flags = needsSignIn ? scope : byHand
  return {
    exitCode: needsSignIn ? exitCodes.signInNeeded : usageOrFailed(error),
    code,
    message: code === 'SIGN_IN_REQUIRED' ? signInMessage(error, serverUrl) : message,
    ...(signInReason === undefined ? {} : { signInReason }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(oauthError === undefined ? {} : { oauthError }),
    ...(requiredScope === undefined ? {} : { requiredScope }),
    ...(flags === undefined || serverUrl === undefined || !isSafeInShell(serverUrl)
      ? {}
      : { command: `${commandName} login ${serverUrl}${flags}` }),
  }
}

/** What a user reads, instead of what a programmer does to make a sign-in possible. */
function signInMessage(
  { message, signInReason, requiredScope }: EvergrantClientError,
  serverUrl: string | undefined,
): string {
  const where = serverUrl === undefined ? '' : ` to ${serverUrl}`
  const details = /^The user must sign in: (.*)$/s.exec(message)?.[1]
  if (details !== undefined) return `You must sign in${where}: ${details}`
  // Other messages of the library say which of its functions to call.
  if (signInReason === undefined) return message
  const scope = requiredScope === undefined ? '' : ` (scope ${JSON.stringify(requiredScope)})`
  return `You must sign in${where}: ${signInReasons[signInReason]}${scope}.`
}

const signInReasons: Readonly<Record<SignInReason, string>> = {
  'never-signed-in': 'no sign-in is stored',
  'signed-out': 'you signed out',
  'grant-ended': 'the authorization server ended the grant, because it expired or was revoked',
  'refresh-refused': 'the authorization server refused to refresh the access token',
  'lost-response':
    'the response to a refresh was lost, and the authorization server does not accept a superseded refresh token',
  'registration-ended': 'the authorization server no longer accepts this client registration',
  'no-refresh-token':
    'the access token has expired, and the authorization server issued no refresh token',
  'wider-scope-needed': 'the operation requires scope that was not granted',
  'authorization-server-changed': 'the MCP server now names another authorization server',
  'resource-changed': 'the MCP server now names another resource',
}

/**
 * Whether it is safe to print this in a command for the user to paste. Scope tokens come from a
 * server and may contain nearly any character (RFC 6749 §3.3). Quotes do not keep a shell from
 * running `$(…)`.
 */
function isSafeInShell(text: string): boolean {
  return /^[\w:./~[\] -]*$/.test(text)
}

function usageOrFailed({ code }: EvergrantClientError): ExitCode {
  return code === 'INVALID_OPTION' ? exitCodes.usage : exitCodes.failed
}

function mcpFailure(
  chain: readonly unknown[],
  serverUrl: string | undefined,
  redact: (text: string) => string,
): Failure {
  const server = `The MCP server${serverUrl === undefined ? '' : ` ${serverUrl}`}`
  const exitCode = exitCodes.failed
  const http = chain.find((one) => SdkHttpError.isInstance(one))
  if (SdkHttpError.isInstance(http)) {
    return {
      exitCode,
      code: 'MCP_REQUEST_FAILED',
      message: `${server} answered with HTTP status ${http.status} (expected an MCP response). Check that the URL is its MCP endpoint and that the server is running.`,
    }
  }
  const refused = chain.find((one) => McpProtocolError.isInstance(one))
  if (McpProtocolError.isInstance(refused)) {
    return {
      exitCode,
      code: 'MCP_REQUEST_FAILED',
      message: `${server} refused the request: ${JSON.stringify(cleanRemoteText(redact(refused.message)) ?? '')} (JSON-RPC ${refused.code}). Check the tool's name and arguments with ${commandName} tools.`,
    }
  }
  const proxied = chain.find((one) => ProxyError.is(one))
  if (ProxyError.is(proxied)) {
    return {
      exitCode,
      code: 'SERVER_UNREACHABLE',
      message: `${server} ${isTimeout(chain) ? 'did not answer in time' : 'cannot be reached'}: ${proxied.detail}. Check the proxy, or list the host in NO_PROXY if it must be reached directly.`,
    }
  }
  // The error of fetch for a failed connection.
  if (chain.some((one) => one instanceof TypeError && one.message === 'fetch failed')) {
    const network = chain.find((one) => one instanceof Error && 'code' in one)
    const why = network !== undefined && hasCode(network) ? ` (${network.code})` : ''
    return {
      exitCode,
      code: 'SERVER_UNREACHABLE',
      message: `${server} cannot be reached${why}. Check the URL, the network, and that the server is running.`,
    }
  }
  if (isTimeout(chain)) {
    return {
      exitCode,
      code: 'SERVER_UNREACHABLE',
      message: `${server} did not answer in time. Check that it is running, and try again.`,
    }
  }
  const [error] = chain
  const said = error instanceof Error ? cleanRemoteText(redact(error.message)) : undefined
  return {
    exitCode,
    code: 'MCP_REQUEST_FAILED',
    message: `The request to ${server.replace('The', 'the')} failed: ${JSON.stringify(said ?? 'unknown reason')}. Check that the server is running, and try again.`,
  }
}

function isTimeout(chain: readonly unknown[]): boolean {
  return chain.some((one) => one instanceof Error && one.name === 'TimeoutError')
}

function hasCode(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && 'code' in error && isText(error.code)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  let next: unknown = error
  while (next !== undefined && chain.length < longestChain) {
    chain.push(next)
    next = next instanceof Error ? next.cause : undefined
  }
  return chain
}
