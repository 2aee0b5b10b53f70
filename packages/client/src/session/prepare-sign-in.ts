import { isSameIssuer } from '@evergrant/core'
import type { Discovery } from '../protocol/discovery.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { Binding } from './records.ts'
import { registrationFor } from './registration.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions } from './sign-in-api.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'
import { planSignIn } from './sign-in-plan.ts'

/** What a sign-in is prepared from. */
export interface SignInSources {
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly redirectUri: string
  readonly preferences: SignInPreferences
  /** Scope of an unfinished sign-in that this one replaces. */
  readonly keptScope?: string | undefined
}

/** Registers the client if necessary, and plans the authorization request. */
export async function prepareSignIn(
  context: SessionContext,
  grants: CurrentGrant,
  { discovery, request, redirectUri, preferences, keptScope }: SignInSources,
): Promise<SignInPlan> {
  const { client, clock } = context
  const current = await grants.load()
  const grant = await current?.manager.read()
  const refused =
    grant?.ended?.reason === 'registration-ended' ? grant.identity.clientId : undefined
  const registration = await registrationFor(discovery, client, redirectUri, refused, context)
  // Scope that another authorization server granted does not apply to this one.
  const isSameServer =
    current !== undefined &&
    isSameIssuer(current.binding.authorizationServer.issuer, registration.issuer)
  return await planSignIn({
    discovery,
    challenge: request.challenge,
    client,
    registration,
    profile: context.profileOf(discovery.authorizationServer.issuer),
    redirectUri,
    preferences,
    grant: isSameServer ? grant : undefined,
    keptScope,
    clock,
  })
}

/** The binding that a planned sign-in creates. */
export function newBinding(
  { serverUrl, partition }: SessionContext,
  { resource, authorizationServer, namedIssuer, ...discovery }: Discovery,
  { registration, request }: SignInPlan,
): Binding {
  const assumptions = [...discovery.assumptions, ...request.assumptions]
  return {
    serverUrl,
    partition,
    resource,
    authorizationServer,
    registration,
    ...(namedIssuer === undefined ? {} : { namedIssuer }),
    ...(assumptions.length === 0 ? {} : { assumptions }),
  }
}
