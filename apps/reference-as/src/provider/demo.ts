import { interactionPolicy } from 'oidc-provider'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import { addRequested } from './requested-scope.ts'

/** The one account of the demo. */
export const demoAccountId = 'demo'

/** Approves everything that an authorization request asks for. */
export async function approveRequest(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { account, client, provider, resourceServers = {} } = ctx.oidc
  if (account === undefined || client === undefined) return undefined
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  for (const [resource, server] of Object.entries(resourceServers)) {
    addRequested(grant, [...ctx.oidc.requestParamScopes], [resource], [...server.scopes])
  }
  addRequested(grant, [...ctx.oidc.requestParamOIDCScopes], [], [])
  await grant.save()
  return grant
}

/** The engine's policy without the prompts, which only a user can answer. */
export function policyWithoutPrompts(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  policy.get('login')?.checks.remove('login_prompt')
  policy.get('consent')?.checks.remove('consent_prompt')
  policy.get('consent')?.checks.remove('native_client_prompt')
  return policy
}
