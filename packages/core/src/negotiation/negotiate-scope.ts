import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import type { ClientMetadata } from '../registration/client-metadata.ts'
import { decideConsentPrompt } from '../authorization/consent-prompt.ts'
import type { ConsentPromptDecision } from '../authorization/consent-prompt.ts'
import { decideOfflineAccess } from './offline-access.ts'
import type { OfflineAccessOutcome } from './offline-access.ts'
import type { ProtectedResourceMetadata } from '../metadata/protected-resource-metadata.ts'
import type { ProviderProfile } from '../provider/provider-profile.ts'
import { standardProfile } from '../provider/provider-profile.ts'
import { showRemote } from '../lib/remote-text.ts'
import type { RequirementId } from '../requirements.ts'
import { offlineAccess, readScope, uniteScopes } from '../scope/scope.ts'
import type { ScopeTraceEntry } from './scope-trace.ts'

/** Everything that has a say in the scope. What is not known is left out. */
export interface ScopeSources {
  /** `scope` of the challenge: its tokens, or the value as it came. */
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
  /** The client's own metadata, where it is known. */
  readonly client?: Partial<Pick<ClientMetadata, 'grant_types'>> | undefined
  /** The scope of the authorization request before this one: given on a step-up. */
  readonly previouslyRequested?: string | undefined
  /** The scope in force: stands in where the request before named none of the resource. */
  readonly previouslyGranted?: string | undefined
  /** Default: {@link standardProfile}. */
  readonly profile?: ProviderProfile | undefined
}

/** The client's wishes. */
export interface NegotiateScopeOptions {
  /** The client wants a refresh token and can keep it safe. Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
  /** Scope the client wants whatever the resource server names. */
  readonly additionalScope?: string | undefined
  /**
   * Where nobody names a scope: `omit` (default) leaves the server its own default and asks for no
   * refresh token by scope; `offline-only` asks for `offline_access` alone, which replaces that
   * default.
   */
  readonly withoutScope?: 'omit' | 'offline-only' | undefined
  /** `prompt=consent`: by the rules (default), always, or never. */
  readonly prompt?: 'by-rule' | 'consent' | 'never' | undefined
  /**
   * On a step-up: whether the grant so far came with a refresh token. `false` tells that asking
   * for consent again brings nothing.
   */
  readonly refreshTokenHeld?: boolean | undefined
}

/** Somebody else's breach or slip, or a deviation the caller chose. */
export interface ScopeWarning {
  readonly code:
    | 'offline-access-in-challenge'
    | 'offline-access-in-resource-metadata'
    | 'not-a-scope-token'
    | 'scope-required-by-server'
    | 'prompt-not-supported'
  /** The rule that was broken, where the requirement rows have it. */
  readonly requirement: RequirementId | undefined
  readonly message: string
}

/** What to ask the authorization server for, and why. Plain data. */
export interface ScopeDecision {
  /** Value for the `scope` parameter; `undefined` means: leave the parameter out. */
  readonly scope: string | undefined
  /** Where the scopes of the resource came from. */
  readonly source: 'challenge' | 'protected-resource-metadata' | 'none'
  /** Whether `offline_access` is in it, and why (not). */
  readonly offlineAccess: OfflineAccessOutcome
  /** Whether `prompt=consent` goes with it, and why (not). */
  readonly prompt: ConsentPromptDecision
  readonly warnings: readonly ScopeWarning[]
  /** Every rule that had a say, in order. */
  readonly trace: readonly ScopeTraceEntry[]
}

/**
 * Decides which scope an authorization request asks for.
 *
 * The scope of the challenge comes first, else all of the protected resource metadata's; on a
 * step-up united with what was requested before. `offline_access` is a matter between client and
 * authorization server: what a resource server says about it is taken out and reported, and it is
 * asked for only where the authorization server lists it. Tokens keep their order of first
 * appearance; `offline_access`, when added, comes last. No challenged scope is ever dropped, and
 * asking again with the result changes nothing.
 *
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

  const base = selectBaseScope(sources, warnings, trace)
  const before = readPrevious(sources, base.tokens, trace)
  const wished = readScope(options.additionalScope).tokens
  if (wished.length > 0) {
    trace.push({
      requirements: [],
      rule: 'client-wishes',
      outcome: `The client adds ${wished.join(' ')}.`,
    })
  }
  const united = uniteScopes(before, base.tokens, wished)

  const offline = decideOfflineAccess({
    scope: united,
    namedByResource: base.namedOfflineAccess,
    wanted: options.wantsRefreshToken ?? true,
    clientGrantTypes: sources.client?.grant_types,
    scopesSupported: sources.authorizationServer?.scopes_supported,
    profile,
    withoutScope: options.withoutScope ?? 'omit',
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
  })
  trace.push({ requirements: ['C-07'], rule: 'consent-prompt', outcome: prompt.explanation })
  if (prompt.reason === 'not-supported') {
    warnings.push({
      code: 'prompt-not-supported',
      requirement: undefined,
      message: 'prompt_values_supported of the authorization server has no "consent"',
    })
  }
  if (offline.wanted) {
    trace.push({
      requirements: ['C-05'],
      rule: 'no-guarantee',
      outcome: 'Whether a refresh token comes is for the authorization server to decide.',
    })
  }

  if (profile.requiresScope && offline.scope.length === 0) {
    warnings.push({
      code: 'scope-required-by-server',
      requirement: undefined,
      message: `${profile.name} refuses requests without scope, and nobody names one: set it by hand`,
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
        'The MCP server names offline_access, which is not its to ask for: taken out, and decided below.',
    })
  }
  if (challenge.tokens.length > 0) {
    trace.push({
      requirements: ['C-20', 'C-21'],
      rule: 'base-scope',
      outcome: `The challenge asks for ${challenge.tokens.join(' ')}: that is what the operation needs.`,
    })
    return { tokens: challenge.tokens, source: 'challenge', namedOfflineAccess }
  }
  if (metadata.tokens.length > 0) {
    trace.push({
      requirements: ['C-20'],
      rule: 'base-scope',
      outcome:
        'The challenge names no scope, so all of the protected resource metadata’s are asked for: ' +
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
      message: `${showRemote(ignored)} in ${where} is no scope token and was left out`,
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
  // A request that named no scope of the resource (none at all, or offline_access alone) was
  // answered with the server's default: asking for the new scope alone would lose it.
  const namedScope = requested.some((token) => token !== offlineAccess)
  const before = namedScope
    ? requested
    : uniteScopes(requested, readScope(sources.previouslyGranted).tokens)
  if (before.length > 0) {
    trace.push({
      requirements: before.includes(offlineAccess) ? ['C-22', 'C-08'] : ['C-22'],
      rule: 'step-up-union',
      outcome:
        `What was ${namedScope ? 'requested' : 'granted'} before stays: ` +
        `${before.join(' ')}${now.length > 0 ? `, together with ${now.join(' ')}` : ''}.`,
    })
  }
  return before
}
