import type { AppliedFallback } from '@evergrant/core/authorization'
import { isSameIssuer } from '@evergrant/core/metadata'
import type { Grant } from '../grant/grant.ts'
import type { Assumption } from '../lib/assumption.ts'
import { aboutGrant } from '../lib/events.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { CurrentGrant } from './current-grant.ts'
import { identityOf } from './records.ts'
import { registrationFor } from './registration.ts'
import type { SignInBinding } from './sign-in-records.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions } from './sign-in-api.ts'
import { wasUsed } from './sign-in-plan.ts'

/** What the client of a sign-in is found from. */
export interface SignInClientSources {
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly redirectUri: string
  /** Whether the client must be registered for the device grant. Default `false`. */
  readonly usesDeviceGrant?: boolean
  /** What the authorization server refused in this sign-in so far. */
  readonly fallbacks: readonly AppliedFallback[]
}

/** The client of a sign-in, and what is known from earlier sign-ins of the session. */
export interface SignInClient {
  readonly registration: ClientRegistration
  readonly isStored: boolean
  /** A stored client that the server no longer accepts. */
  readonly refusedClientId: string | undefined
  /** The current grant, if the same authorization server issued it. */
  readonly grant: Grant | undefined
  /** Whether the authorization server refused `prompt=consent` in an earlier sign-in. */
  readonly promptRefused: boolean
}

/** Finds the client for a sign-in, and registers one if necessary. */
export async function clientForSignIn(
  context: SessionContext,
  grants: CurrentGrant,
  { discovery, redirectUri, usesDeviceGrant }: SignInClientSources,
): Promise<SignInClient> {
  const current = await grants.load()
  const grant = await current?.manager.read()
  const refusedClientId =
    grant?.ended?.reason === 'registration-ended' ? grant.identity.clientId : undefined
  const { registration, isStored } = await registrationFor(
    discovery.authorizationServer,
    { redirectUri, usesDeviceGrant },
    { previous: current?.binding.registration, refused: refusedClientId },
    context,
  )
  // Scope that another authorization server granted does not apply to this one.
  const isSameServer =
    current !== undefined &&
    isSameIssuer(current.binding.authorizationServer.issuer, registration.issuer)
  return {
    registration,
    isStored,
    refusedClientId,
    grant: isSameServer ? grant : undefined,
    promptRefused: isSameServer && current.binding.promptRefused === true,
  }
}

/** The binding that a sign-in makes, if it succeeds. */
export function bindingOf(
  { serverUrl, partition }: SessionContext,
  { discovery, fallbacks }: SignInClientSources,
  { registration, ...client }: SignInClient,
  assumedByRequest: readonly Assumption[],
): SignInBinding {
  const assumptions = [...discovery.assumptions, ...assumedByRequest]
  const promptRefused = client.promptRefused || wasUsed(fallbacks, 'without-prompt')
  return {
    serverUrl,
    partition,
    resource: discovery.resource,
    authorizationServer: discovery.authorizationServer,
    registration,
    ...(discovery.namedIssuer === undefined ? {} : { namedIssuer: discovery.namedIssuer }),
    ...(promptRefused ? { promptRefused: true } : {}),
    ...(assumptions.length === 0 ? {} : { assumptions }),
  }
}

/** Reports that a client was registered again, if it was. */
export function reportNewClient(
  { observe }: SessionContext,
  { request, fallbacks }: SignInClientSources,
  { isStored, refusedClientId }: SignInClient,
  binding: SignInBinding,
): void {
  const isRefused = refusedClientId !== undefined || wasUsed(fallbacks, 'register-again')
  if (isStored || (!isRefused && request.registerAgain !== true)) return
  const reason = isRefused ? 'client-refused' : 'requested'
  observe({ ...aboutGrant(identityOf(binding)), type: 'client-registered-again', reason })
}
