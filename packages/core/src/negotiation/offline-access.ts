import type { ProviderProfile } from '../provider/provider-profile.ts'
import { offlineAccess } from '../scope/scope.ts'
import type { ScopeTraceEntry } from './scope-trace.ts'

/**
 * The outcome for `offline_access`:
 *
 * - `added`: the authorization server lists it, and the client wants a refresh token.
 * - `already-present`: it was requested before, or is in the client's additional scope, and is kept.
 * - `not-wanted`: the client wants no refresh token, or has not declared the grant type.
 * - `not-advertised`: the authorization server does not list it, and no source named it.
 * - `dropped`: a source named it, but the authorization server does not list it.
 * - `refused`: the authorization server lists it, and refused it to this client.
 * - `withheld-by-profile`: the authorization server lists it, but the product rejects it.
 * - `withheld-without-scope`: no source names a scope, and alone it would change what is granted.
 */
export type OfflineAccessOutcome =
  | 'added'
  | 'already-present'
  | 'not-wanted'
  | 'not-advertised'
  | 'dropped'
  | 'refused'
  | 'withheld-by-profile'
  | 'withheld-without-scope'

/** Input of {@link decideOfflineAccess}. */
export interface OfflineAccessInput {
  /** The scope so far. It may contain `offline_access`. */
  readonly scope: readonly string[]
  readonly namedByResource: boolean
  readonly wanted: boolean
  readonly clientGrantTypes: readonly string[] | undefined
  readonly scopesSupported: readonly string[] | undefined
  readonly profile: ProviderProfile
  readonly withoutScope: 'omit' | 'offline-only'
  /** Whether the authorization server refused it in this sign-in. */
  readonly refused: boolean
}

/** The scope with or without `offline_access`, and why. */
export interface OfflineAccessDecision {
  readonly scope: readonly string[]
  readonly outcome: OfflineAccessOutcome
  /** Whether the client wants a refresh token and has declared the grant type. */
  readonly wanted: boolean
  readonly trace: readonly ScopeTraceEntry[]
}

/**
 * Decides whether a scope includes `offline_access`: only if the authorization server lists it and
 * the client wants a refresh token, and alone only by option.
 */
export function decideOfflineAccess(input: OfflineAccessInput): OfflineAccessDecision {
  const others = input.scope.filter((token) => token !== offlineAccess)
  const present = input.scope.includes(offlineAccess)
  const declared = input.clientGrantTypes?.includes('refresh_token') ?? true
  const wanted = input.wanted && declared
  const listed = input.scopesSupported?.includes(offlineAccess) === true
  const settled = (
    scope: readonly string[],
    outcome: OfflineAccessOutcome,
    requirements: ScopeTraceEntry['requirements'],
    explanation: string,
  ): OfflineAccessDecision => ({
    scope,
    outcome,
    wanted,
    trace: [{ requirements, rule: 'offline-access', outcome: explanation }],
  })

  if (!declared) {
    return settled(
      others,
      'not-wanted',
      ['C-01'],
      'Not requesting offline_access, because the client metadata does not list the refresh_token grant type.',
    )
  }
  if (!wanted) {
    return settled(others, 'not-wanted', ['C-02'], 'The client does not want a refresh token.')
  }
  if (!listed) {
    return present || input.namedByResource
      ? settled(
          others,
          'dropped',
          ['C-04'],
          'Removing offline_access, because the authorization server does not list it.',
        )
      : settled(
          others,
          'not-advertised',
          ['C-02', 'C-04'],
          'Not requesting offline_access, because the authorization server does not list it. ' +
            'It may still issue a refresh token.',
        )
  }
  if (input.refused) {
    return settled(
      others,
      'refused',
      ['C-02'],
      'Not requesting offline_access, because the authorization server refused it to this client ' +
        'although the metadata lists it.',
    )
  }
  if (input.profile.offlineAccess === 'never') {
    return settled(
      others,
      'withheld-by-profile',
      ['C-02'],
      `Not requesting offline_access, because ${input.profile.name} rejects it ` +
        'although the metadata lists it.',
    )
  }
  if (others.length === 0 && !present && input.withoutScope === 'omit') {
    return settled(
      [],
      'withheld-without-scope',
      ['C-09'],
      'Sending no scope, because neither the challenge nor the metadata names one, and ' +
        'offline_access alone would replace the default scope of the authorization server.',
    )
  }
  if (present) {
    return settled(
      input.scope,
      'already-present',
      ['C-02', 'C-08'],
      'Keeping offline_access, because it is already in the scope and the authorization server lists it.',
    )
  }
  return settled(
    [...others, offlineAccess],
    'added',
    others.length === 0 ? ['C-02', 'C-09'] : ['C-02'],
    others.length === 0
      ? 'Requesting offline_access alone, because of an option. Neither the challenge nor the metadata names a scope.'
      : 'Adding offline_access, because the authorization server lists it and the client wants a refresh token.',
  )
}
