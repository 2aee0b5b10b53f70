import { EvergrantClientError } from '@evergrant/client'
import { cleanRemoteText, ProtocolError } from '@evergrant/core'
import { CliError } from '../../lib/errors.ts'
import type { RpcError } from '../messages/rpc-errors.ts'
import { rpcErrorCodes, rpcErrorIn } from '../messages/rpc-errors.ts'
import { ConnectionError } from '../remote/node-http.ts'
import {
  ConnectionLostError,
  HttpStatusError,
  SessionLostError,
  UnexpectedAnswerError,
} from '../remote/upstream.ts'
import { SignInPendingError } from '../sign-in/pending-sign-in.ts'
import type { SignInInstruction } from '../sign-in/proxy-sign-in.ts'
import { commandName } from '../../names.ts'

/** What a description names. */
export interface ErrorContext {
  readonly serverUrl: string
  /** Removes credentials that a server echoes. */
  readonly redact: (text: string) => string
}

/** Describes why a request of the host failed: what happened, and what to do next. */
export function describeError(error: unknown, context: ErrorContext): RpcError {
  if (error instanceof SignInPendingError) return signInPending(error, context)
  if (error instanceof HttpStatusError) return httpStatus(error, context)
  if (EvergrantClientError.is(error)) return clientError(error, context)
  if (CliError.is(error) || ProtocolError.is(error)) {
    return { code: rpcErrorCodes.proxyFailed, message: `${commandName}: ${error.message}` }
  }
  const server = `The MCP server ${context.serverUrl}`
  if (error instanceof ConnectionLostError || error instanceof SessionLostError) {
    return {
      code: rpcErrorCodes.connectionLost,
      message: `${server} closed the connection before it answered: ${clean(error.message, context)}. The request may have been carried out. Check before you repeat it.`,
    }
  }
  if (error instanceof UnexpectedAnswerError) {
    return {
      code: rpcErrorCodes.serverRefused,
      message: `${server} did not answer as an MCP server does: ${clean(error.message, context)}. Check that the URL is its MCP endpoint.`,
    }
  }
  return isNetworkError(error)
    ? unreachable(error, server, context)
    : {
        code: rpcErrorCodes.proxyFailed,
        message: `${commandName}: The request to ${context.serverUrl} failed: ${clean(error instanceof Error ? error.message : '', context)}. Try again. If it fails again, start the proxy with --debug.`,
      }
}

/** `fetch` hides the code of the system in its cause. */
function isNetworkError(error: unknown): boolean {
  if (error instanceof ConnectionError || codeOf(error) !== undefined) return true
  return (
    error instanceof Error && (error.name === 'TimeoutError' || error.message === 'fetch failed')
  )
}

function signInPending({ instruction }: SignInPendingError, { serverUrl }: ErrorContext): RpcError {
  return {
    code: rpcErrorCodes.signInRequired,
    message: `You must sign in to ${serverUrl}. ${sentenceOf(instruction)}, then try again.`,
    data: {
      reason: 'sign-in-required',
      serverUrl,
      ...(instruction === undefined ? {} : { authorizationUrl: instruction.url }),
    },
  }
}

/** What the user must do, as the start of a sentence. */
export function sentenceOf(instruction: SignInInstruction | undefined): string {
  if (instruction === undefined) {
    return 'The sign-in page is about to open. Finish the sign-in in the browser'
  }
  const { url, userCode } = instruction
  return userCode === undefined
    ? `Open ${url} in a browser and sign in`
    : `Open ${url} in a browser and enter the code ${userCode}`
}

function clientError(error: EvergrantClientError, { serverUrl }: ErrorContext): RpcError {
  const { code, message } = error
  const needsSignIn = code === 'SIGN_IN_REQUIRED' || code === 'SIGN_IN_FAILED'
  const advice = needsSignIn ? ` Try again, or run: ${commandName} login ${serverUrl}` : ''
  return {
    code: needsSignIn ? rpcErrorCodes.signInFailed : rpcErrorCodes.serverRefused,
    message: `${message}${advice}`,
    data: { reason: code },
  }
}

function httpStatus(error: HttpStatusError, context: ErrorContext): RpcError {
  const { status, text, retryAfter } = error
  const own = rpcErrorIn(text)
  if (own !== undefined) return own
  const server = `The MCP server ${context.serverUrl}`
  const words = clean(text.trimStart().startsWith('<') ? '' : text, context)
  const said = words === '' ? '' : ` and the text ${JSON.stringify(words)}`
  const when = retryAfter === undefined ? '' : ` It asks to try again after ${retryAfter} s.`
  return {
    code: rpcErrorCodes.serverRefused,
    message: `${server} answered with HTTP status ${status}${said} (expected an MCP response).${when} ${adviceFor(status)}`,
    data: { status },
  }
}

function adviceFor(status: number): string {
  if (status >= 500 || status === 429) return 'Try again later.'
  return status === 401 || status === 403
    ? 'Check the credentials in --header, or remove the header to sign in.'
    : 'Check that the URL is its MCP endpoint.'
}

function unreachable(error: unknown, server: string, context: ErrorContext): RpcError {
  const code = error instanceof ConnectionError ? error.code : (codeOf(error) ?? 'UNKNOWN')
  const timedOut =
    code.endsWith('TIMEOUT') || (error instanceof Error && error.name === 'TimeoutError')
  const why = clean(error instanceof Error ? error.message : '', context)
  const mayHaveRun =
    error instanceof ConnectionError && !error.neverSent
      ? ' The request may have been carried out. Check before you repeat it.'
      : ''
  return {
    code: rpcErrorCodes.serverUnreachable,
    message: `${server} ${timedOut ? 'did not answer in time' : 'cannot be reached'}: ${why === '' ? code : why}. Check the URL, the network, and that the server is running.${mayHaveRun}`,
    data: { reason: code },
  }
}

function codeOf(error: unknown): string | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth += 1) {
    if ('code' in one && typeof one.code === 'string') return one.code
  }
  return undefined
}

function clean(text: string, { redact }: ErrorContext): string {
  return cleanRemoteText(redact(text), 200) ?? ''
}
