import { canonicalResource, isSameIssuer } from '@evergrant/core/metadata'
import type { GrantIdentity } from '../grant/grant.ts'
import { isSameIdentity } from '../grant/grant.ts'
import { isWithin } from '../lib/clock.ts'
import { quote } from '../lib/errors.ts'
import { discoverProtectedResource } from '../protocol/resource-discovery.ts'
import type { BindingChange, CheckBinding } from './binding-change.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { Binding } from './records.ts'
import { identityOf } from './records.ts'
import type { SessionContext } from './session-context.ts'

/** How long the result of a check holds for calls that fail one after the other. */
const pauseSeconds = 10

/**
 * Checks the binding of a session. Concurrent callers share one check. Metadata that cannot be read
 * shows no change.
 */
export function bindingCheck(context: SessionContext, grants: CurrentGrant): CheckBinding {
  const { serverUrl, http, clock } = context
  let last:
    | {
        readonly identity: GrantIdentity
        readonly url: string | undefined
        readonly atEpochSeconds: number
        readonly result: Promise<BindingChange | undefined>
      }
    | undefined

  async function check(
    binding: Binding,
    resourceMetadataUrl: string | undefined,
  ): Promise<BindingChange | undefined> {
    const { resource, authorizationServer } = binding
    const options = { ...http, clock, resourceMetadataUrl, acceptedResource: resource }
    const { metadata } = await discoverProtectedResource(serverUrl, options)
    if (metadata === undefined) return undefined
    const known = [authorizationServer.issuer, binding.namedIssuer ?? authorizationServer.issuer]
    const named = metadata.authorization_servers
    if (!named.some((issuer) => known.some((one) => isSameIssuer(one, issuer)))) {
      return {
        reason: 'authorization-server-changed',
        detail: `the MCP server ${serverUrl} now names the authorization server ${named.map((one) => quote(one)).join(', ')} (the stored sign-in is at ${quote(authorizationServer.issuer)})`,
      }
    }
    if (canonicalResource(metadata.resource) === canonicalResource(resource)) return undefined
    return {
      reason: 'resource-changed',
      detail: `the MCP server ${serverUrl} now names the resource ${quote(metadata.resource)} (the stored sign-in is for ${quote(resource)})`,
    }
  }

  return async (url) => {
    const current = await grants.get()
    if (current === undefined) return undefined
    const identity = identityOf(current.binding)
    const isRecent =
      last !== undefined &&
      isSameIdentity(last.identity, identity) &&
      last.url === url &&
      isWithin(clock, pauseSeconds, last.atEpochSeconds)
    if (!isRecent) {
      const result = check(current.binding, url).catch(() => undefined)
      last = { identity, url, atEpochSeconds: clock.nowEpochSeconds(), result }
    }
    return await last?.result
  }
}
