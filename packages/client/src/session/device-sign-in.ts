import type { AppliedFallback } from '@evergrant/core/authorization'
import { explainMissingRefreshToken, mergeTokenResponse } from '@evergrant/core'
import { supportsDeviceGrant } from '@evergrant/core/authorization'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import {
  DeviceGrantRefused,
  requestDeviceAuthorization,
} from '../protocol/device-authorization-request.ts'
import { awaitDeviceTokens } from '../protocol/device-token-request.ts'
import type { Discovery } from '../protocol/discovery.ts'
import { generateDpopKey } from '../protocol/dpop.ts'
import type { TokenRequestOptions } from '../protocol/token-endpoint.ts'
import type { CurrentGrant } from './current-grant.ts'
import { assertWritable, registrationRecord } from './sign-in-records.ts'
import { saveSignIn } from './save-sign-in.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import { bindingOf, clientForSignIn, reportNewClient } from './sign-in-client.ts'
import { applyFallback, refusalOf, withFallbacks } from './sign-in-fallbacks.ts'
import type { DeviceSignIn } from './sign-in-method.ts'
import type { SignInPreferences } from './sign-in-plan.ts'
import { bindsTokens, negotiateSignInScope } from './sign-in-plan.ts'

/** What a sign-in by device code needs in addition to the session. */
export interface DeviceSignInInput {
  readonly method: DeviceSignIn
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly preferences: SignInPreferences
}

/** Servers require a redirect URI at registration. No server listens there. */
const unusedRedirectUri = 'http://127.0.0.1/callback'

/**
 * Shows a page and a code, waits until the user has approved there, and saves the tokens. A refusal is
 * repeated with the same fallbacks as in a browser.
 *
 * @throws DeviceGrantRefused if the server does not start a sign-in by device code
 */
export async function signInByDeviceCode(
  context: SessionContext,
  grants: CurrentGrant,
  input: DeviceSignInInput,
): Promise<SignInResult> {
  const { authorizationServer } = input.discovery
  const { device_authorization_endpoint: endpoint } = authorizationServer
  if (endpoint === undefined || !supportsDeviceGrant(authorizationServer)) {
    throw new DeviceGrantRefused(notDeclared(authorizationServer.issuer))
  }
  // Fail before the user signs in, if the tokens could not be saved.
  await assertWritable(context.store, context.partition, context.serverUrl)
  let fallbacks: readonly AppliedFallback[] = []
  for (;;) {
    const outcome = await signInOnce(context, grants, input, endpoint, fallbacks)
    if ('result' in outcome) return outcome.result
    fallbacks = outcome.fallbacks
  }
}

async function signInOnce(
  context: SessionContext,
  grants: CurrentGrant,
  { method, discovery, request, preferences }: DeviceSignInInput,
  endpoint: string,
  fallbacks: readonly AppliedFallback[],
): Promise<{ readonly result: SignInResult } | { readonly fallbacks: readonly AppliedFallback[] }> {
  const { authorizationServer, resource } = discovery
  const { clock, client } = context
  const record = await registrationRecord(context.store, authorizationServer.issuer, client.name)
  const redirectUri = (await record.read()).value?.redirectUri ?? unusedRedirectUri
  const sources = { discovery, request, redirectUri, usesDeviceGrant: true, fallbacks }
  const signInClient = await clientForSignIn(context, grants, sources)
  const { registration, grant, promptRefused } = signInClient
  const profile = context.profileOf(authorizationServer.issuer)
  const decision = negotiateSignInScope({
    discovery,
    challenge: request.challenge,
    client,
    profile,
    preferences,
    grant,
    fallbacks,
    promptRefused,
  })
  const binding = bindingOf(context, sources, signInClient, [])
  reportNewClient(context, sources, signInClient, binding)
  const options: TokenRequestOptions = {
    ...context.http,
    authorizationServer,
    registration,
    profile,
    clock,
    dpop: context.dpop,
    signal: request.signal,
  }
  try {
    const wantsRefreshToken = preferences.wantsRefreshToken ?? true
    const asked = { resource, scope: decision, wantsRefreshToken }
    const device = await requestDeviceAuthorization(endpoint, asked, options)
    const { deviceCode: _secret, intervalSeconds: _interval, ...prompt } = device
    await method.show(prompt)
    const dpopKey = bindsTokens(discovery, preferences) ? await generateDpopKey() : undefined
    const response = await awaitDeviceTokens(device, resource, options, dpopKey)
    const { tokenSet, missingScopes } = mergeTokenResponse(undefined, response, {
      nowEpochSeconds: clock.nowEpochSeconds(),
      requestedScope: decision.scope,
    })
    const isBound = dpopKey !== undefined && tokenSet.tokenType === 'DPoP'
    const result = await saveSignIn(context, grants, {
      binding,
      authorization: {
        tokenSet,
        missingScopes,
        registration,
        ...(isBound ? { dpopKey } : {}),
      },
      requestedScope: decision.scope,
      noRefreshTokenReason: explainMissingRefreshToken(decision),
      fallbacks,
    })
    const warnings = [...discovery.warnings, ...decision.warnings].map(({ message }) => message)
    return { result: { ...result, decision, warnings } }
  } catch (error) {
    const refusal = refusalOf(error instanceof DeviceGrantRefused ? error.refusal : error)
    const refused = {
      binding,
      redirectUri,
      scope: decision.scope,
      prompt: decision.prompt.prompt,
      clientIsNew: !signInClient.isStored,
    }
    const next = refusal && (await applyFallback(context, refused, refusal, fallbacks))
    if (next === undefined) throw withFallbacks(error, fallbacks)
    return { fallbacks: next }
  }
}

function notDeclared(issuer: string): EvergrantClientError {
  return new EvergrantClientError(
    'SIGN_IN_FAILED',
    `The sign-in by device code could not be started: the authorization server ${quote(issuer)} does not declare the device grant (expected device_authorization_endpoint in its metadata, and the grant if it lists grant types). Sign in through a browser.`,
  )
}
