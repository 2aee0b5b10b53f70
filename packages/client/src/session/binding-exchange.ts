import type { Grant } from '../grant/grant.ts'
import { isSameIdentity } from '../grant/grant.ts'
import type { ExchangeResult, RefreshExchange } from '../grant/refresh-exchange.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { refreshRequest } from '../protocol/refresh-request.ts'
import type { TokenServer } from '../protocol/token-server.ts'
import type { RecordStore } from '../stores/store.ts'
import type { Binding } from './records.ts'
import { bindingRecord, identityOf } from './records.ts'
import { currentRegistration } from './current-registration.ts'
import type { SessionContext } from './session-context.ts'

/** What refreshing the grant of a binding needs. */
export interface BindingExchangeContext extends Pick<
  SessionContext,
  'store' | 'clock' | 'http' | 'profileOf' | 'dpop'
> {
  /** Absent if the configuration of the application is not known. Then the stored one is used. */
  readonly client?: ClientConfiguration | undefined
}

/**
 * Refreshes the grant of a binding at its authorization server, as its client. If the token endpoint
 * no longer exists, the metadata of the server is read again to find the new one.
 */
export function bindingExchange(
  binding: Binding,
  context: BindingExchangeContext,
): RefreshExchange {
  const { clock, http, dpop } = context
  const profile = context.profileOf(binding.authorizationServer.issuer)
  let { authorizationServer } = binding

  async function send(grant: Grant): Promise<ExchangeResult> {
    const registration = currentRegistration(binding, context.client)
    const options = { ...http, authorizationServer, registration, profile, clock, dpop }
    return forRegistration(registration, await refreshRequest(grant, options))
  }

  return async (grant) => {
    const result = await send(grant)
    if (result.kind !== 'failed' || result.endpointMissing !== true) return result
    const moved = await movedServer(authorizationServer, binding.namedIssuer, http)
    if (moved === undefined) return result
    authorizationServer = moved
    await saveMove(binding, moved, context.store)
    // The first request did not reach a token endpoint, so the refresh token is unused.
    return await send(grant)
  }
}

/** The current metadata of an authorization server, if its token endpoint has changed. */
async function movedServer(
  { issuer, token_endpoint }: TokenServer,
  namedIssuer: string | undefined,
  http: HttpOptions,
): Promise<TokenServer | undefined> {
  try {
    // Rare, so it is loaded when it is needed (ADR 28).
    const { discoverAuthorizationServer } = await import('./on-demand.ts')
    const { metadata } = await discoverAuthorizationServer(namedIssuer ?? issuer, {
      ...http,
      // The sign-in accepted this issuer.
      trustedIssuer: issuer,
    })
    // The tokens belong to this issuer, however another document spells it (C-39).
    return metadata.token_endpoint === token_endpoint ? undefined : { ...metadata, issuer }
  } catch {
    // The caller gets the failure of the refresh. The next failure reads the metadata again.
    return undefined
  }
}

async function saveMove(
  binding: Binding,
  authorizationServer: TokenServer,
  store: RecordStore,
): Promise<void> {
  try {
    const record = await bindingRecord(store, binding.partition, binding.serverUrl)
    await record.update((current) =>
      // In the meantime, the user may have signed in again, elsewhere or as another client.
      current !== undefined && isSameIdentity(identityOf(current), identityOf(binding))
        ? { ...current, authorizationServer }
        : current,
    )
  } catch {
    // This process uses the new endpoint anyway. Other processes find it the same way.
  }
}

/**
 * Only a dynamic registration ends when the server does not know it: the next sign-in registers
 * again. A sign-in cannot replace a registration that the operator maintains, so the grant is kept
 * until the operator has corrected it (C-53).
 */
function forRegistration({ origin }: ClientRegistration, result: ExchangeResult): ExchangeResult {
  if (result.kind !== 'failed' || result.outcome !== 'registration-ended') return result
  if (origin === 'dynamic') return result
  const whatToCheck =
    origin === 'pre-registered'
      ? 'check the client secret in the configuration, and the registration at the server'
      : 'check that the server can fetch the metadata document of the client, and its content'
  const detail = `${result.detail.replace(/\.$/, '')}; ${whatToCheck}`
  return { ...result, outcome: 'request-refused', detail }
}
