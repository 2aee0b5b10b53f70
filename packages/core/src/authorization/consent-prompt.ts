import type { AuthorizationServerMetadata } from '../metadata/authorization-server-metadata.ts'
import { isOpenIdProvider } from '../metadata/openid-provider.ts'
import type { ProviderProfile } from '../provider/provider-profile.ts'

/** Whether to send `prompt=consent` with the authorization request, and why. */
export interface ConsentPromptDecision {
  /** Value of the `prompt` parameter; `undefined` to leave it out. */
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
    | 'refused'
  readonly explanation: string
}

/** Input of {@link decideConsentPrompt}. */
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
  /** Whether the previous request included `offline_access`. */
  readonly askedBefore: boolean
  readonly refreshTokenHeld: boolean | undefined
  /** Whether the authorization server refused a request with `prompt=consent`. */
  readonly refused: boolean
}

/**
 * Decides whether to send `prompt=consent`. Without it, an OpenID Provider may ignore `offline_access`
 * unless other conditions are in place.
 *
 * @see OpenID Connect Core §11
 */
export function decideConsentPrompt(input: ConsentPromptInput): ConsentPromptDecision {
  const omit = (
    reason: ConsentPromptDecision['reason'],
    explanation: string,
  ): ConsentPromptDecision => ({ prompt: undefined, reason, explanation })
  const { profile } = input

  if (input.policy === 'never')
    return omit('by-option', 'Not sending prompt=consent, because of an option.')
  if (input.refused) {
    return omit(
      'refused',
      'Not sending prompt=consent, because the authorization server refused a request with it.',
    )
  }
  if (input.policy === 'consent') {
    return {
      prompt: 'consent',
      reason: 'by-option',
      explanation: 'Sending prompt=consent, because of an option.',
    }
  }
  const byProfile = profile.promptConsent === 'with-refresh-token' && input.wantsRefreshToken
  if (!byProfile && !input.offlineAccessSent) {
    return omit(
      'no-offline-access',
      'Not requesting offline_access, so prompt=consent is not needed.',
    )
  }
  if (profile.promptConsent === 'not-needed') {
    return omit(
      'not-needed-by-profile',
      `${profile.name} does not require prompt=consent for a refresh token.`,
    )
  }
  if (!byProfile && !isOpenIdProvider(input.authorizationServer ?? {})) {
    return omit(
      'not-an-openid-provider',
      'The authorization server is not an OpenID Provider, so prompt=consent does not apply.',
    )
  }
  if (input.askedBefore && input.refreshTokenHeld === false) {
    return omit(
      'nothing-to-gain',
      'The user has already consented to offline_access and no refresh token was issued, so asking again will not help.',
    )
  }
  if (input.authorizationServer?.prompt_values_supported?.includes('consent') === false) {
    return omit(
      'not-supported',
      'The authorization server does not list consent in prompt_values_supported, so it is not sent.',
    )
  }
  return byProfile
    ? {
        prompt: 'consent',
        reason: 'required-by-profile',
        explanation: `Sending prompt=consent, because ${profile.name} issues a refresh token only with it.`,
      }
    : {
        prompt: 'consent',
        reason: 'offline-access-from-openid-provider',
        explanation:
          'Sending prompt=consent, because an OpenID Provider may ignore offline_access without it.',
      }
}
