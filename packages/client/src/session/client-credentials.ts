import { mergeTokenResponse } from '@evergrant/core'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { requestClientCredentials } from '../protocol/client-credentials-request.ts'
import type { Discovery } from '../protocol/discovery.ts'
import { generateDpopKey } from '../protocol/dpop.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { CurrentGrant } from './current-grant.ts'
import { saveSignIn } from './save-sign-in.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import { bindingOf, clientForSignIn } from './sign-in-client.ts'
import type { SignInPreferences } from './sign-in-plan.ts'
import { bindsTokens, negotiateSignInScope } from './sign-in-plan.ts'

/** Redirect URIs play no part in this grant. */
const unusedRedirectUri = 'http://127.0.0.1/callback'

/**
 * Requests an access token for the client itself, and saves it for all processes.
 *
 * @throws EvergrantClientError `INVALID_OPTION` without a client that has a secret, and the errors of a
 *   token request
 */
export async function signInAsClient(
  context: SessionContext,
  grants: CurrentGrant,
  {
    discovery,
    request,
    preferences,
  }: {
    readonly discovery: Discovery
    readonly request: SignInOptions
    readonly preferences: SignInPreferences
  },
): Promise<SignInResult> {
  const { authorizationServer, resource } = discovery
  const { clock } = context
  const sources = { discovery, request, redirectUri: unusedRedirectUri, fallbacks: [] }
  const signInClient = await clientForSignIn(context, grants, sources)
  const { registration, grant } = signInClient
  assertSecret(registration)
  const profile = context.profileOf(authorizationServer.issuer)
  const decision = negotiateSignInScope({
    discovery,
    challenge: request.challenge,
    client: context.client,
    profile,
    // RFC 6749 §4.4.3: the server should issue no refresh token, so none is requested.
    preferences: { ...preferences, wantsRefreshToken: false, prompt: 'never' },
    grant,
    fallbacks: [],
    promptRefused: false,
  })
  const dpopKey = bindsTokens(discovery, preferences) ? await generateDpopKey() : undefined
  const exchanged = await requestClientCredentials(
    { resource, scope: decision.scope },
    {
      ...context.http,
      authorizationServer,
      registration,
      profile,
      clock,
      dpop: context.dpop,
      signal: request.signal,
    },
    dpopKey,
  )
  const { tokenSet, missingScopes } = mergeTokenResponse(undefined, exchanged.response, {
    nowEpochSeconds: clock.nowEpochSeconds(),
    requestedScope: decision.scope,
  })
  const isBound = dpopKey !== undefined && tokenSet.tokenType === 'DPoP'
  const result = await saveSignIn(context, grants, {
    binding: bindingOf(context, sources, signInClient, []),
    authorization: {
      tokenSet,
      missingScopes,
      registration: exchanged.registration,
      ...(isBound ? { dpopKey } : {}),
    },
    requestedScope: decision.scope,
    noRefreshTokenReason:
      'The client signs in with its secret (client credentials), so it needs no refresh token.',
    fallbacks: [],
  })
  return { ...result, decision }
}

function assertSecret({ issuer, clientId, clientSecret }: ClientRegistration): void {
  if (clientSecret !== undefined) return
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The client cannot sign in with client credentials at ${quote(issuer)}: the client ${quote(clientId)} has no secret. Configure a client with a secret for this issuer (option client.preRegistered, or the options --client-id and --issuer of the command line, which says in --help where the secret belongs).`,
  )
}
