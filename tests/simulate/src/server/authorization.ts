import { decideRefreshIssuance } from '@evergrant/authorization-server'
import { resource, resourceScope } from './mcp-server.ts'
import type { ProductRules, SignInLimits } from './product-rules.ts'

/** What a code is exchanged for. */
export interface Approval {
  readonly scope: string
  /** Absent: the code brings no refresh token. */
  readonly limits: SignInLimits | undefined
}

/** What an authorization request leads to. The user approves everything. */
export type AuthorizationResult =
  | { readonly approval: Approval }
  | { readonly error: string; readonly description: string }

/** The client of a request, as it is registered. */
export interface RegisteredClient {
  readonly grantTypes: readonly string[]
  /** Absent: any. */
  readonly scopes: readonly string[] | undefined
}

const refused = (error: string, description: string): AuthorizationResult => ({
  error,
  description,
})

/** Answers authorization requests as the product does. */
export interface Authorizations {
  /** What a request leads to if the user approves it. Changes nothing. */
  readonly preview: (client: RegisteredClient, query: URLSearchParams) => AuthorizationResult
  /** The user approves a request. */
  readonly approve: (client: RegisteredClient, query: URLSearchParams) => AuthorizationResult
}

export function createAuthorizations(rules: ProductRules): Authorizations {
  const { emulation } = rules
  /** Whether the user has consented before. There is one user and one client. */
  let hasConsented = false

  function issuesRefreshToken(
    { grantTypes }: RegisteredClient,
    scopes: readonly string[],
    query: URLSearchParams,
  ): boolean {
    if (emulation.publicClients === 'get-none') return false
    if (emulation.accessTypeOffline) {
      const asks = query.get('access_type') === 'offline'
      return asks && (!hasConsented || promptsOf(query).includes('consent'))
    }
    return decideRefreshIssuance(
      {
        clientGrantTypes: grantTypes,
        responseType: 'code',
        requestedScopes: scopes,
        consentedScopes: scopes,
      },
      { policy: rules.policy },
    ).issue
  }

  function preview(client: RegisteredClient, query: URLSearchParams): AuthorizationResult {
    const requested = query.get('scope')
    const asked = (requested ?? '').split(' ').filter(Boolean)
    if (emulation.offlineAccess === 'refused' && asked.includes('offline_access')) {
      return refused('invalid_scope', 'this scope is not supported')
    }
    if (emulation.scopeRequired && requested === null) {
      return refused('invalid_request', 'missing required parameter: scope')
    }
    if (emulation.resource === 'refused' && query.has('resource')) {
      return refused('invalid_target', 'the resource parameter is not supported')
    }
    if (emulation.resource === 'honored' && (query.get('resource') ?? resource) !== resource) {
      return refused('invalid_target', 'the resource is not known')
    }
    if (asked.some((scope) => client.scopes?.includes(scope) === false)) {
      return refused('invalid_scope', 'the client is not allowed to request this scope')
    }
    const isDropped = emulation.promptConsentNeeded && !promptsOf(query).includes('consent')
    const scopes = isDropped ? asked.filter((scope) => scope !== 'offline_access') : asked
    const granted = scopes.some((scope) => scope !== 'offline_access')
      ? scopes
      : [resourceScope, ...scopes]
    const limits = granted.includes('offline_access') ? rules.offlineLimits : rules.limits
    return {
      approval: {
        scope: granted.join(' '),
        limits: issuesRefreshToken(client, granted, query) ? limits : undefined,
      },
    }
  }

  return {
    preview,
    approve(client, query) {
      const result = preview(client, query)
      if ('approval' in result) hasConsented = true
      return result
    },
  }
}

function promptsOf(query: URLSearchParams): readonly string[] {
  return (query.get('prompt') ?? '').split(' ')
}
