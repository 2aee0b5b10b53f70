import { createSession } from '@evergrant/client'
import type { ClientConfiguration, SignInPreferences, SignInResult } from '@evergrant/client'
import { memoryStore } from '@evergrant/client/stores/memory'
import { parseTokenResponse, readBearerChallenge } from '@evergrant/core'
import { isSameIssuer } from '@evergrant/core/metadata'
import type { Observations } from '../observations/observations.ts'
import { capturingFetch, capturingSignIn } from './captured-sign-in.ts'
import type { CapturedSignIn, CompletingSignIn } from './captured-sign-in.ts'
import type { GrantUnderTest } from './grant-under-test.ts'
import { revocationEndpointOf } from './revocation-endpoint.ts'
import { createTokenClient } from './token-client.ts'
import type { SendOptions } from './token-client.ts'
import { displayName, softwareId } from '../lib/names.ts'

/** How the measurement signs in. */
export interface SignInSetup {
  readonly signIn: CompletingSignIn
  /** Default: the client registers itself as "Evergrant doctor". */
  readonly client?: Partial<ClientConfiguration> | undefined
  readonly preferences?: SignInPreferences | undefined
  readonly trustedIssuer?: string | undefined
  readonly acceptedResource?: string | undefined
}

/** A sign-in, and the grant that it created. */
export interface NewGrant {
  readonly grant: GrantUnderTest
  readonly result: SignInResult
  readonly captured: CapturedSignIn
}

/**
 * Signs in with the client of Evergrant, in memory, and takes over the tokens.
 *
 * @param captured - Receives what the servers created, also if the sign-in fails afterwards.
 */
export async function signInForMeasurement(
  serverUrl: string,
  observations: Observations,
  setup: SignInSetup,
  options: SendOptions,
  captured: CapturedSignIn,
): Promise<NewGrant> {
  const session = createSession(serverUrl, {
    store: memoryStore(),
    client: { name: displayName, softwareId, ...setup.client },
    // Bound tokens cannot be refreshed with plain requests.
    preferences: { ...setup.preferences, dpop: 'never' },
    signIn: capturingSignIn(setup.signIn, captured),
    fetch: capturingFetch(options, captured),
    trustedIssuer: setup.trustedIssuer,
    acceptedResource: setup.acceptedResource,
  })
  const challenged = observations.exchanges.find(({ answer }) => answer?.status === 401)
  const challenge = readBearerChallenge(challenged?.answer?.headers['www-authenticate'])
  const result = await session.signIn({ challenge, force: true, signal: options.signal })
  await session.whenIdle()
  const { tokenRequest, tokenResponse } = captured
  if (tokenRequest === undefined) throw new Error('The sign-in ended without a token request.')
  const first = parseTokenResponse(tokenResponse)
  return {
    captured,
    result,
    grant: {
      client: createTokenClient(tokenRequest, result.identity.issuer, options),
      issuer: result.identity.issuer,
      resource: tokenRequest.form.get('resource') ?? undefined,
      revocationEndpoint: revocationEndpointOf(observations, (document) =>
        isIssuer(document, result.identity.issuer),
      ),
      issuedAtEpochSeconds: options.nowEpochSeconds(),
      first,
      requestedScope: result.requestedScope,
      hasEnded: false,
      accessToken: first.access_token,
      refreshToken: first.refresh_token,
    },
  }
}

function isIssuer(document: Readonly<Record<string, unknown>>, issuer: string): boolean {
  const named = document['issuer']
  return typeof named === 'string' && isSameIssuer(named, issuer)
}
