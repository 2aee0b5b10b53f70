import { negotiateScope } from '@evergrant/core'
import { standardProfile } from '@evergrant/core/providers'
import type { ProviderProfile } from '@evergrant/core/providers'
import type { ScriptedAuthorizationServer, VirtualClock } from '@evergrant/test-kit'
import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import type { Grant } from '../../src/index.ts'
import { beginAuthorization } from '../../src/protocol/authorization-request.ts'
import type {
  AuthorizationRequest,
  AuthorizationRequestInput,
} from '../../src/protocol/authorization-request.ts'
import { completeAuthorization } from '../../src/protocol/authorization-response.ts'
import type { CompletedAuthorization } from '../../src/protocol/authorization-response.ts'
import { discoverAuthorizationServer } from '../../src/protocol/server-discovery.ts'
import type { PendingAuthorization } from '../../src/protocol/pending-authorization.ts'
import { registerClient } from './register-client.ts'
import type { AuthorizationResponseOptions } from '../../src/protocol/authorization-response.ts'

export const redirectUri = 'http://127.0.0.1:4711/callback'
export const resource = 'https://mcp.test/mcp'

/** A scripted authorization server with a registered client. */
export interface AuthorizationScene extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly clock: VirtualClock
  readonly options: AuthorizationResponseOptions
  begin(input?: Partial<AuthorizationRequestInput>): Promise<AuthorizationRequest>
  /** Opens the authorization page, which approves without a user, and returns the callback URL. */
  visit(authorizationUrl: string): Promise<URL>
  complete(
    callbackUrl: URL | string,
    pending: PendingAuthorization,
  ): Promise<CompletedAuthorization>
  signIn(): Promise<CompletedAuthorization>
  /** The grant that holds a refresh token, for a refresh request. */
  grantOf(refreshToken: string, scope?: string): Grant
  lastForm(): Readonly<Record<string, string>> | undefined
}

export async function authorizationScene(
  metadata: Readonly<Record<string, unknown>> = {},
  profile: ProviderProfile = standardProfile,
): Promise<AuthorizationScene> {
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({ accessTokenLifetimeSeconds: 60 })
  as.overrideMetadata(metadata)
  const { metadata: authorizationServer } = await discoverAuthorizationServer(as.issuer)
  const registration = await registerClient(authorizationServer, { name: 'App' }, redirectUri)
  const options: AuthorizationResponseOptions = {
    authorizationServer,
    registration,
    profile,
    clock,
  }
  const it: AuthorizationScene = {
    as,
    clock,
    options,
    begin: (input = {}) =>
      beginAuthorization({
        authorizationServer,
        registration,
        redirectUri,
        resource,
        scope: negotiateScope({ challengeScope: 'mcp:read', authorizationServer, profile }),
        profile,
        nowEpochSeconds: clock.nowEpochSeconds(),
        ...input,
      }),
    async visit(authorizationUrl) {
      const response = await fetch(authorizationUrl, { redirect: 'manual' })
      return new URL(response.headers.get('location') ?? '')
    },
    complete: (callbackUrl, pending) =>
      completeAuthorization(String(callbackUrl), pending, options),
    async signIn() {
      const { authorizationUrl, pending } = await it.begin()
      return await it.complete(await it.visit(authorizationUrl), pending)
    },
    grantOf: (refreshToken, scope = 'mcp:read') => ({
      identity: {
        partition: 'default',
        issuer: as.issuer,
        resource,
        clientId: registration.clientId,
      },
      state: 'active',
      tokenSet: {
        accessToken: 'at',
        tokenType: 'Bearer',
        expiresAtEpochSeconds: undefined,
        issuedAtEpochSeconds: 0,
        refreshToken,
        scope,
      },
    }),
    lastForm: () => as.requests.findLast((request) => request.endpoint === 'token')?.form,
    [Symbol.asyncDispose]: () => as.close(),
  }
  return it
}
