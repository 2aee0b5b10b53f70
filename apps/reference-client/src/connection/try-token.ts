import type { AccessToken, Session } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import type { BearerChallenge } from '@evergrant/core'
import { readBearerChallenge } from '@evergrant/core'
import type { App } from './app.ts'
import { discard, ping, withTimeout } from './mcp.ts'

/** What trying a token showed. */
export type TokenTrial =
  /** The MCP server accepted the token. */
  | { readonly outcome: 'accepted' }
  /** The token is accepted, and its scope is too narrow for the request. */
  | { readonly outcome: 'scope-missing'; readonly requiredScope: string | undefined }
  /** The MCP server did not answer, or failed: nothing is known. */
  | { readonly outcome: 'unknown'; readonly detail: string }

/**
 * Tries the token of a new sign-in at the MCP server. Without this, a token for another audience
 * would look like a success until the first call.
 *
 * @throws EvergrantClientError `RESOURCE_REFUSED` with the words of the MCP server.
 */
export async function tryToken(session: Session, app: App): Promise<TokenTrial> {
  const token = await session.getAccessToken({ signal: app.environment.signal })
  try {
    let response = await send(session, token, app)
    // The nonce came with this response and is part of the next proof (RFC 9449 §9).
    if (challengeOf(response, app)?.error === 'use_dpop_nonce') {
      response = await send(session, token, app)
    }
    return readTrial(session.serverUrl, response, app)
  } catch (error) {
    if (EvergrantClientError.is(error) || app.environment.signal?.aborted === true) throw error
    return { outcome: 'unknown', detail: 'it did not answer' }
  }
}

async function send(session: Session, token: AccessToken, app: App): Promise<Response> {
  const { signal } = app.environment
  const response = await session.send(
    token,
    session.serverUrl,
    ping(signal),
    withTimeout(app.fetch),
  )
  await discard(response)
  return response
}

function readTrial(serverUrl: string, response: Response, app: App): TokenTrial {
  const { status } = response
  const challenge = challengeOf(response, app)
  if (status === 403 && challenge?.error === 'insufficient_scope') {
    return { outcome: 'scope-missing', requiredScope: challenge.scope?.join(' ') }
  }
  if (status === 401 || status === 403) {
    throw new EvergrantClientError(
      'RESOURCE_REFUSED',
      `The sign-in succeeded, but the MCP server ${serverUrl} refuses its access token: ${describe(status, challenge)}. Ask its operator which issuer and audience it expects, and to check \`resource\` in its metadata and its clock.`,
    )
  }
  // Whatever the MCP server says about the message itself, the token was accepted.
  return status < 500 ? { outcome: 'accepted' } : { outcome: 'unknown', detail: `status ${status}` }
}

/** Redacted before it is truncated: some servers echo the token. */
function challengeOf(response: Response, { redact }: App): BearerChallenge | undefined {
  return readBearerChallenge(redact(response.headers.get('www-authenticate') ?? ''))
}

function describe(status: number, challenge: BearerChallenge | undefined): string {
  const words = challenge?.error_description
  return [
    `status ${status}`,
    ...(challenge?.error === undefined ? [] : [challenge.error]),
    ...(words === undefined ? [] : [JSON.stringify(words)]),
  ].join(', ')
}
