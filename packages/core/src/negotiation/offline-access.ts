import type { ProviderProfile } from '../provider/provider-profile.ts'
import { offlineAccess } from '../scope/scope.ts'
import type { ScopeTraceEntry } from './scope-trace.ts'

/**
 * What became of `offline_access`:
 *
 * - `added`: the authorization server lists it, and the client wants a refresh token.
 * - `already-present`: requested before, or wished by the client, and it stays.
 * - `not-wanted`: the client wants no refresh token, or has not declared the grant type.
 * - `not-advertised`: the authorization server does not list it, and nobody named it.
 * - `dropped`: somebody named it, and the authorization server does not list it.
 * - `withheld-by-profile`: listed, but the product refuses it.
 * - `withheld-without-scope`: nobody names a scope, and alone it would change what is granted.
 */
export type OfflineAccessOutcome =
  | 'added'
  | 'already-present'
  | 'not-wanted'
  | 'not-advertised'
  | 'dropped'
  | 'withheld-by-profile'
  | 'withheld-without-scope'

/** What {@link decideOfflineAccess} goes by. */
export interface OfflineAccessInput {
  /** The scope as far as it is decided. May hold `offline_access`. */
  readonly scope: readonly string[]
  readonly namedByResource: boolean
  readonly wanted: boolean
  readonly clientGrantTypes: readonly string[] | undefined
  readonly scopesSupported: readonly string[] | undefined
  readonly profile: ProviderProfile
  readonly withoutScope: 'omit' | 'offline-only'
}

/** The scope with `offline_access` settled. */
export interface OfflineAccessDecision {
  readonly scope: readonly string[]
  readonly outcome: OfflineAccessOutcome
  /** Whether the client wants a refresh token and may have one. */
  readonly wanted: boolean
  readonly trace: readonly ScopeTraceEntry[]
}

/**
 * Settles `offline_access` in a scope: in it only where the authorization server lists it, the
 * client wants it, and it does not stand alone by accident.
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
    words: string,
  ): OfflineAccessDecision => ({
    scope,
    outcome,
    wanted,
    trace: [{ requirements, rule: 'offline-access', outcome: words }],
  })

  if (!declared) {
    return settled(
      others,
      'not-wanted',
      ['C-01'],
      'The client metadata does not list the refresh_token grant type: offline_access is not asked for.',
    )
  }
  if (!wanted) {
    return settled(others, 'not-wanted', ['C-02'], 'The client wants no refresh token.')
  }
  if (!listed) {
    return present || input.namedByResource
      ? settled(
          others,
          'dropped',
          ['C-04'],
          'The authorization server does not list offline_access: it is dropped, whoever named it.',
        )
      : settled(
          others,
          'not-advertised',
          ['C-02', 'C-04'],
          'The authorization server does not list offline_access: it is not asked for. ' +
            'A refresh token may come all the same.',
        )
  }
  if (input.profile.offlineAccess === 'never') {
    return settled(
      others,
      'withheld-by-profile',
      ['C-02'],
      `The authorization server lists offline_access, but ${input.profile.name} refuses it: ` +
        'it is not asked for.',
    )
  }
  if (others.length === 0 && !present && input.withoutScope === 'omit') {
    return settled(
      [],
      'withheld-without-scope',
      ['C-09'],
      'Nobody names a scope. offline_access alone would replace what the authorization server ' +
        'grants by default, so no scope is sent.',
    )
  }
  if (present) {
    return settled(
      input.scope,
      'already-present',
      ['C-02', 'C-08'],
      'offline_access is in the scope already and the authorization server lists it: it stays.',
    )
  }
  return settled(
    [...others, offlineAccess],
    'added',
    others.length === 0 ? ['C-02', 'C-09'] : ['C-02'],
    others.length === 0
      ? 'Nobody names a scope, and an option asks for offline_access alone.'
      : 'The authorization server lists offline_access and the client wants a refresh token: added.',
  )
}
