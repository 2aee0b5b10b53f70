import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import { isOpenIdProvider } from '../metadata/authorization-server-metadata.ts'
import type { ProviderProfile } from '../provider/provider-profile.ts'

/** Whether `prompt=consent` goes with the authorization request, and why. */
export interface ConsentPromptDecision {
  /** Value for the `prompt` parameter; `undefined` means: leave it out. */
  readonly prompt: 'consent' | undefined
  readonly reason:
    | 'offline-access-from-openid-provider'
    | 'required-by-profile'
    | 'by-option'
    | 'no-offline-access'
    | 'not-an-openid-provider'
    | 'not-needed-by-profile'
    | 'nothing-to-gain'
    | 'not-supported'
  readonly explanation: string
}

/** What {@link decideConsentPrompt} goes by. */
export interface ConsentPromptInput {
  readonly authorizationServer:
    | Pick<
        AuthorizationServerMetadata,
        | 'id_token_signing_alg_values_supported'
        | 'prompt_values_supported'
        | 'scopes_supported'
        | 'subject_types_supported'
      >
    | undefined
  readonly offlineAccessSent: boolean
  readonly wantsRefreshToken: boolean
  readonly policy: 'by-rule' | 'consent' | 'never'
  readonly profile: ProviderProfile
  /** `offline_access` was in the request before this one. */
  readonly askedBefore: boolean
  readonly refreshTokenHeld: boolean | undefined
}

/**
 * Decides about `prompt=consent`: an OpenID Provider ignores `offline_access` without it, unless
 * other conditions are in place.
 *
 * @see OpenID Connect Core §11
 */
export function decideConsentPrompt(input: ConsentPromptInput): ConsentPromptDecision {
  const omit = (
    reason: ConsentPromptDecision['reason'],
    explanation: string,
  ): ConsentPromptDecision => ({ prompt: undefined, reason, explanation })
  const { profile } = input

  if (input.policy === 'never') return omit('by-option', 'An option leaves prompt=consent out.')
  if (input.policy === 'consent') {
    return {
      prompt: 'consent',
      reason: 'by-option',
      explanation: 'An option sends prompt=consent.',
    }
  }
  const byProfile = profile.promptConsent === 'with-refresh-token' && input.wantsRefreshToken
  if (!byProfile && !input.offlineAccessSent) {
    return omit('no-offline-access', 'offline_access is not asked for, so no prompt is needed.')
  }
  if (profile.promptConsent === 'not-needed') {
    return omit('not-needed-by-profile', `${profile.name} needs no prompt for a refresh token.`)
  }
  if (!byProfile && !isOpenIdProvider(input.authorizationServer ?? {})) {
    return omit(
      'not-an-openid-provider',
      'The authorization server is no OpenID Provider, so the rule about prompt=consent is not its.',
    )
  }
  if (input.askedBefore && input.refreshTokenHeld === false) {
    return omit(
      'nothing-to-gain',
      'The user consented to offline_access before and no refresh token came: asking again brings nothing.',
    )
  }
  if (input.authorizationServer?.prompt_values_supported?.includes('consent') === false) {
    return omit('not-supported', 'The authorization server does not list prompt=consent.')
  }
  return byProfile
    ? {
        prompt: 'consent',
        reason: 'required-by-profile',
        explanation: `${profile.name} gives a refresh token only with prompt=consent: sent.`,
      }
    : {
        prompt: 'consent',
        reason: 'offline-access-from-openid-provider',
        explanation: 'An OpenID Provider ignores offline_access without prompt=consent: sent.',
      }
}
