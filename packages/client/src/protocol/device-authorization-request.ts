import type { ScopeDecision } from '@evergrant/core'
import type { DeviceAuthorization } from '@evergrant/core/authorization'
import { ProtocolError } from '@evergrant/core'
import { parseDeviceAuthorization } from '@evergrant/core/authorization'
import { applyProviderProfile } from '@evergrant/core/providers'
import * as oauth from 'oauth4webapi'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { clientAuthentication, clientSecrets } from './client-authentication.ts'
import { asUnavailable } from './unavailable.ts'
import { adviceForRefusal } from './refusal-advice.ts'
import { classifyAnswer, describeError, readBody } from './token-answer.ts'
import type { TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, transportOptions } from './oauth4webapi-options.ts'

/** What a device authorization request asks for. */
export interface DeviceAuthorizationInput {
  readonly resource: string
  readonly scope: ScopeDecision
  readonly wantsRefreshToken: boolean
}

/** The server did not start a sign-in by device code, so no page was shown. */
export class DeviceGrantRefused extends Error {
  override readonly name = 'DeviceGrantRefused'
  /** The error for the caller, if no other way to sign in is possible. */
  readonly refusal: EvergrantClientError

  constructor(refusal: EvergrantClientError) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/**
 * Asks the authorization server for a page and a code (RFC 8628 §3.1), with the scope, `resource` and
 * `prompt` that an authorization request would have.
 *
 * @throws DeviceGrantRefused if the server refuses; EvergrantClientError `TEMPORARILY_UNAVAILABLE`
 */
export async function requestDeviceAuthorization(
  endpoint: string,
  { resource, scope, wantsRefreshToken }: DeviceAuthorizationInput,
  options: TokenRequestOptions,
): Promise<DeviceAuthorization> {
  const { registration, profile } = options
  const fromProfile = applyProviderProfile(profile, resource, { wantsRefreshToken })
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({
    ...fromProfile.authorizationParameters,
    resource: fromProfile.resource,
    scope: scope.scope,
    prompt: scope.prompt.prompt,
  })) {
    if (value !== undefined) parameters.set(name, value)
  }
  let response: Response
  try {
    response = await oauth.deviceAuthorizationRequest(
      { ...oauthServer(options), device_authorization_endpoint: endpoint },
      oauthClient(options),
      clientAuthentication(registration),
      parameters,
      transportOptions(options, endpoint),
    )
  } catch (error) {
    throw asUnavailable(error, 'The sign-in by device code could not be started')
  }
  const body = await readBody(response, clientSecrets(registration))
  if (!response.ok) throw refused(endpoint, response, body, { resource, ...options })
  try {
    return parseDeviceAuthorization(body.json)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new DeviceGrantRefused(
      new EvergrantClientError(
        'SIGN_IN_FAILED',
        `The sign-in by device code could not be started at ${endpoint}. ${error.message}`,
        { cause: error },
      ),
    )
  }
}

function refused(
  endpoint: string,
  response: Response,
  body: Awaited<ReturnType<typeof readBody>>,
  options: TokenRequestOptions & { readonly resource: string },
): Error {
  const decision = classifyAnswer(response, body, options, 'code-exchange')
  const { oauthError, oauthErrorDescription } = decision
  const isTransient = decision.outcome === 'transient'
  const { clientId } = options.registration
  const next = isTransient
    ? 'Try again later.'
    : oauthError === 'unauthorized_client' || oauthError === 'invalid_client'
      ? `Allow the client ${quote(clientId)} to use the device grant there, or sign in through a browser.`
      : adviceForRefusal(oauthError, { resource: options.resource, clientId })
  const error = new EvergrantClientError(
    isTransient ? 'TEMPORARILY_UNAVAILABLE' : 'SIGN_IN_FAILED',
    `The sign-in by device code could not be started: ${endpoint} answered with status ${response.status}${describeError(decision)} (expected a device code). ${next}`,
    {
      oauthError,
      oauthErrorDescription,
      retryAfterSeconds: isTransient ? decision.retryAfterSeconds : undefined,
    },
  )
  return isTransient ? error : new DeviceGrantRefused(error)
}
