import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import type { ClientMetadata } from '../registration/client-metadata.ts'
import { decideConsentPrompt } from '../authorization/consent-prompt.ts'
import type { ConsentPromptDecision } from '../authorization/consent-prompt.ts'
import type { AppliedFallback } from '../authorization/sign-in-fallback.ts'
import { decideOfflineAccess } from './offline-access.ts'
import type { OfflineAccessOutcome } from './offline-access.ts'
import type { ProtectedResourceMetadata } from '../metadata/protected-resource-metadata.ts'
import type { ProviderProfile } from '../provider/provider-profile.ts'
import { standardProfile } from '../provider/provider-profile.ts'
import { showRemote } from '../lib/remote-text.ts'
import type { RequirementId } from '../requirements/requirement.ts'
import { offlineAccess, readScope, uniteScopes } from '../scope/scope.ts'
import type { ScopeTraceEntry } from './scope-trace.ts'

/** Everything that influences the scope. Leave out what is unknown. */
export interface ScopeSources {
  /** `scope` of the challenge: its tokens, or the raw value. */
  readonly challengeScope?: string | readonly string[] | undefined
  readonly protectedResource?: Pick<ProtectedResourceMetadata, 'scopes_supported'> | undefined
  readonly authorizationServer?:
    | Pick<
        AuthorizationServerMetadata,
        | 'id_token_signing_alg_values_supported'
        | 'prompt_values_supported'
        | 'scopes_supported'
        | 'subject_types_supported'
      >
    | undefined
  /** The client's metadata, if known. */
  readonly client?: Partial<Pick<ClientMetadata, 'grant_types'>> | undefined
  /** The scope of the previous authorization request. Pass it on a step-up. */
  readonly previouslyRequested?: string | undefined
  /** The granted scope. Used if the previous request named no scope of the resource. */
  readonly previouslyGranted?: string | undefined
  /** Default: {@link standardProfile}. */
  readonly profile?: ProviderProfile | undefined
}

/** Options of {@link negotiateScope}. */
export interface NegotiateScopeOptions {
  /** Whether the client wants a refresh token and can store it safely. Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
  /** Scope to request in addition to what the resource server names. */
  readonly additionalScope?: string | undefined
  /**
   * What to send if neither challenge nor metadata names a scope. `omit` (default) sends no scope, so
   * that the server's default applies. `offline-only` sends `offline_access` alone, which replaces
   * that default.
   */
  readonly withoutScope?: 'omit' | 'offline-only' | undefined
  /** When to send `prompt=consent`: by the rules (default), always, or never. */
  readonly prompt?: 'by-rule' | 'consent' | 'never' | undefined
  /**
   * On a step-up: whether the grant has a refresh token. With `false`, consent is not requested
   * again, because it would not help.
   */
  readonly refreshTokenHeld?: boolean | undefined
  /** What the authorization server refused in earlier requests, so that it is left out. */
  readonly refused?:
    | { readonly offlineAccess?: boolean | undefined; readonly prompt?: boolean | undefined }
    | undefined
  /** The fallbacks that led to this request, for the trace. */
  readonly fallbacks?: readonly AppliedFallback[] | undefined
}

/** A server's mistake, or a deviation that the caller chose. */
export interface ScopeWarning {
  readonly code:
    | 'offline-access-in-challenge'
    | 'offline-access-in-resource-metadata'
    | 'not-a-scope-token'
    | 'scope-required-by-server'
    | 'prompt-not-supported'
  /** The violated requirement, if there is one. */
  readonly requirement: RequirementId | undefined
  readonly message: string
}

/** The scope to request, and why. Plain data. */
export interface ScopeDecision {
  /** Value of the `scope` parameter; `undefined` to leave it out. */
  readonly scope: string | undefined
  /** The source of the resource's scopes. */
  readonly source: 'challenge' | 'protected-resource-metadata' | 'none'
  /** Whether the scope includes `offline_access`, and why. */
  readonly offlineAccess: OfflineAccessOutcome
  /** Whether to send `prompt=consent`, and why. */
  readonly prompt: ConsentPromptDecision
  readonly warnings: readonly ScopeWarning[]
  /** Every applied rule, in order. */
  readonly trace: readonly ScopeTraceEntry[]
}

/**
 * Decides which scope to send in an authorization request.
 *
 * The base is the scope of the challenge, otherwise all scopes of the protected resource metadata. On
 * a step-up, the previously requested scope is added. `offline_access` concerns only the client and
 * the authorization server: if a resource server names it, it is removed and reported, and it is
 * requested only if the authorization server lists it. Tokens keep their order of first appearance,
 * and an added `offline_access` comes last. No challenged scope is dropped, and negotiating again
 * with the result changes nothing.
 *
 * @example
 * ```ts
 * const decision = negotiateScope({
 *   challengeScope: ['files:read'],
 *   authorizationServer: { scopes_supported: ['openid', 'offline_access'] },
 * })
 * decision.scope // 'files:read offline_access'
 * decision.prompt.prompt // 'consent'
 * ```
 * @see SEP-2207, MCP 2026-07-28 Scope Selection Strategy and Step-Up Authorization Flow,
 *   OpenID Connect Core §11
 */
export function negotiateScope(
  sources: ScopeSources,
  options: NegotiateScopeOptions = {},
): ScopeDecision {
  const warnings: ScopeWarning[] = []
  const trace: ScopeTraceEntry[] = []
  const profile = sources.profile ?? standardProfile
  for (const { explanation } of options.fallbacks ?? []) {
    trace.push({ requirements: [], rule: 'fallback', outcome: explanation })
  }

  const base = selectBaseScope(sources, warnings, trace)
  const before = readPrevious(sources, base.tokens, trace)
  const additional = readScope(options.additionalScope).tokens
  if (additional.length > 0) {
    trace.push({
      requirements: [],
      rule: 'additional-scope',
      outcome: `The client adds ${additional.join(' ')}.`,
    })
  }
  const united = uniteScopes(before, base.tokens, additional)

  const offline = decideOfflineAccess({
    scope: united,
    namedByResource: base.namedOfflineAccess,
    wanted: options.wantsRefreshToken ?? true,
    clientGrantTypes: sources.client?.grant_types,
    scopesSupported: sources.authorizationServer?.scopes_supported,
    profile,
    withoutScope: options.withoutScope ?? 'omit',
    refused: options.refused?.offlineAccess ?? false,
  })
  trace.push(...offline.trace)

  const prompt = decideConsentPrompt({
    authorizationServer: sources.authorizationServer,
    offlineAccessSent: offline.scope.includes(offlineAccess),
    wantsRefreshToken: offline.wanted,
    policy: options.prompt ?? 'by-rule',
    profile,
    askedBefore: before.includes(offlineAccess),
    refreshTokenHeld: options.refreshTokenHeld,
    refused: options.refused?.prompt ?? false,
  })
  trace.push({ requirements: ['C-07'], rule: 'consent-prompt', outcome: prompt.explanation })
  if (prompt.reason === 'not-supported') {
    warnings.push({
      code: 'prompt-not-supported',
      requirement: undefined,
      message: 'prompt_values_supported of the authorization server does not list "consent"',
    })
  }
  if (offline.wanted) {
    trace.push({
      requirements: ['C-05'],
      rule: 'no-guarantee',
      outcome: 'The authorization server decides whether it issues a refresh token.',
    })
  }

  if (profile.requiresScope && offline.scope.length === 0) {
    warnings.push({
      code: 'scope-required-by-server',
      requirement: undefined,
      message: `${profile.name} rejects requests without a scope, but neither the challenge nor the metadata names one: configure the scope`,
    })
  }
  return {
    scope: offline.scope.length === 0 ? undefined : offline.scope.join(' '),
    source: base.source,
    offlineAccess: offline.outcome,
    prompt,
    warnings,
    trace,
  }
}

interface BaseScope {
  readonly tokens: readonly string[]
  readonly source: ScopeDecision['source']
  readonly namedOfflineAccess: boolean
}

function selectBaseScope(
  sources: ScopeSources,
  warnings: ScopeWarning[],
  trace: ScopeTraceEntry[],
): BaseScope {
  const challenge = readSource(sources.challengeScope, 'the challenge', warnings)
  const metadata = readSource(
    sources.protectedResource?.scopes_supported,
    'the protected resource metadata',
    warnings,
  )
  if (challenge.namedOfflineAccess) {
    warnings.push({
      code: 'offline-access-in-challenge',
      requirement: 'S-01',
      message: 'The MCP server names offline_access in the scope of its challenge',
    })
  }
  if (metadata.namedOfflineAccess) {
    warnings.push({
      code: 'offline-access-in-resource-metadata',
      requirement: 'S-02',
      message: 'The MCP server lists offline_access in the scopes_supported of its metadata',
    })
  }
  const namedOfflineAccess = challenge.namedOfflineAccess || metadata.namedOfflineAccess
  if (namedOfflineAccess) {
    trace.push({
      requirements: ['C-04'],
      rule: 'resource-named-offline-access',
      outcome:
        'The MCP server names offline_access, which it should not: removed, and decided below.',
    })
  }
  if (challenge.tokens.length > 0) {
    trace.push({
      requirements: ['C-20', 'C-21'],
      rule: 'base-scope',
      outcome: `The challenge requires ${challenge.tokens.join(' ')} for the operation.`,
    })
    return { tokens: challenge.tokens, source: 'challenge', namedOfflineAccess }
  }
  if (metadata.tokens.length > 0) {
    trace.push({
      requirements: ['C-20'],
      rule: 'base-scope',
      outcome:
        'The challenge names no scope, so all scopes of the protected resource metadata are requested: ' +
        `${metadata.tokens.join(' ')}.`,
    })
    return { tokens: metadata.tokens, source: 'protected-resource-metadata', namedOfflineAccess }
  }
  trace.push({
    requirements: ['C-20'],
    rule: 'base-scope',
    outcome: 'Neither the challenge nor the protected resource metadata names a scope.',
  })
  return { tokens: [], source: 'none', namedOfflineAccess }
}

function readSource(
  scope: string | readonly string[] | undefined,
  where: string,
  warnings: ScopeWarning[],
): Omit<BaseScope, 'source'> {
  const { tokens, ignored } = readScope(scope)
  if (ignored.length > 0) {
    warnings.push({
      code: 'not-a-scope-token',
      requirement: undefined,
      message: `${showRemote(ignored)} in ${where} is not a scope token and was left out`,
    })
  }
  return {
    tokens: tokens.filter((token) => token !== offlineAccess),
    namedOfflineAccess: tokens.includes(offlineAccess),
  }
}

function readPrevious(
  sources: ScopeSources,
  now: readonly string[],
  trace: ScopeTraceEntry[],
): readonly string[] {
  const requested = readScope(sources.previouslyRequested).tokens
  // A previous request without a scope of the resource (no scope, or offline_access alone) got the
  // server's default scope. Requesting the new scope alone would lose it.
  const namedScope = requested.some((token) => token !== offlineAccess)
  const before = namedScope
    ? requested
    : uniteScopes(requested, readScope(sources.previouslyGranted).tokens)
  if (before.length > 0) {
    trace.push({
      requirements: before.includes(offlineAccess) ? ['C-22', 'C-08'] : ['C-22'],
      rule: 'step-up-union',
      outcome:
        `The previously ${namedScope ? 'requested' : 'granted'} scope is kept: ` +
        `${before.join(' ')}${now.length > 0 ? `, in addition to ${now.join(' ')}` : ''}.`,
    })
  }
  return before
}
