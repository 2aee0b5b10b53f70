import { isSameIssuer } from '@evergrant/core/metadata'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { discover } from '../protocol/discovery.ts'
import type { DiscoverOptions } from '../protocol/discovery.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { Binding } from './records.ts'
import { registrationRecord, signInTurn } from './sign-in-records.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInResult } from './sign-in-api.ts'

/** A sign-in that another program stored. */
export interface ForeignSignIn {
  /** The authorization server, if the other program noted it. */
  readonly issuer?: string | undefined
  readonly client: {
    readonly clientId: string
    readonly clientSecret?: string | undefined
    readonly tokenEndpointAuthMethod?: ClientRegistration['tokenEndpointAuthMethod'] | undefined
    /** The redirect URI that it is registered with. */
    readonly redirectUri?: string | undefined
  }
  readonly accessToken: string
  readonly refreshToken?: string | undefined
  readonly scope?: string | undefined
  /** Default: the access token counts as expired if there is a refresh token. */
  readonly expiresAtEpochSeconds?: number | undefined
}

/** How long to wait for a sign-in of another process. */
const turnWaitMilliseconds = 5000

/**
 * Stores a sign-in of another program, so that this session uses it. No token is sent, so the other
 * program's copy stays valid until one of them refreshes.
 *
 * @throws EvergrantClientError `INVALID_OPTION` if another authorization server issued the tokens, or if
 *   the session has a usable sign-in; the errors of discovery and of the store
 */
export async function importSignIn(
  context: SessionContext,
  grants: CurrentGrant,
  signIn: ForeignSignIn,
  options: DiscoverOptions,
): Promise<SignInResult> {
  const { serverUrl, partition, store } = context
  const turn = await signInTurn(partition, serverUrl)
  const locking = await store.lock(turn, { waitMilliseconds: turnWaitMilliseconds })
  try {
    const current = await grants.load()
    if ((await current?.manager.read())?.state === 'active') {
      throw notImported(serverUrl, 'a sign-in is stored already', 'Sign out first to replace it')
    }
    return await save(context, grants, signIn, options)
  } finally {
    if (locking.outcome === 'acquired') await locking.lock.release()
  }
}

async function save(
  context: SessionContext,
  grants: CurrentGrant,
  signIn: ForeignSignIn,
  options: DiscoverOptions,
): Promise<SignInResult> {
  const { serverUrl, partition, store, clock, client } = context
  const discovery = await discover(serverUrl, { ...context.http, ...options, clock })
  const { authorizationServer, resource, namedIssuer } = discovery
  if (signIn.issuer !== undefined && !isSameIssuer(signIn.issuer, authorizationServer.issuer)) {
    throw notImported(
      serverUrl,
      `${quote(signIn.issuer)} issued the tokens, but the MCP server now names ${quote(authorizationServer.issuer)}`,
      'Sign in again',
    )
  }
  const registration = registrationOf(authorizationServer.issuer, signIn, clock.nowEpochSeconds())
  const binding: Binding = {
    serverUrl,
    partition,
    resource,
    authorizationServer,
    registration,
    ...(namedIssuer === undefined ? {} : { namedIssuer }),
    ...(discovery.assumptions.length === 0 ? {} : { assumptions: discovery.assumptions }),
  }
  const manager = await grants.managerFor(binding)
  const now = clock.nowEpochSeconds()
  const { accessToken, refreshToken, scope } = signIn
  const expired = refreshToken === undefined ? undefined : now
  await manager.saveSignIn({
    serverUrl,
    tokenSet: {
      accessToken,
      tokenType: 'Bearer',
      refreshToken,
      scope,
      issuedAtEpochSeconds: now,
      expiresAtEpochSeconds: signIn.expiresAtEpochSeconds ?? expired,
    },
    requestedScope: scope,
  })
  await grants.use({ binding, manager })
  if (registration.redirectUri !== undefined) {
    // The next sign-in uses the same client. A client that registered here in the meantime stays.
    const record = await registrationRecord(store, authorizationServer.issuer, client.name)
    await record.update((stored) => stored ?? registration)
  }
  return {
    identity: manager.identity,
    outcome: 'adopted',
    scope,
    missingScopes: [],
    refreshToken: refreshToken === undefined ? 'not-issued' : 'issued',
  }
}

function registrationOf(
  issuer: string,
  { client }: ForeignSignIn,
  nowEpochSeconds: number,
): ClientRegistration {
  const { clientId, clientSecret, redirectUri } = client
  const hasSecret = clientSecret !== undefined && client.tokenEndpointAuthMethod !== 'none'
  return {
    issuer,
    clientId,
    ...(hasSecret ? { clientSecret } : {}),
    tokenEndpointAuthMethod:
      client.tokenEndpointAuthMethod ?? (hasSecret ? 'client_secret_post' : 'none'),
    origin: redirectUri === undefined ? 'pre-registered' : 'dynamic',
    ...(redirectUri === undefined
      ? {}
      : { redirectUri, registeredAtEpochSeconds: nowEpochSeconds }),
  }
}

function notImported(serverUrl: string, why: string, advice: string): EvergrantClientError {
  return new EvergrantClientError(
    'INVALID_OPTION',
    `The sign-in to ${serverUrl} cannot be taken over: ${why}. ${advice}.`,
  )
}
