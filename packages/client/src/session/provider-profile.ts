import type { ProviderProfile } from '@evergrant/core/providers'
import { selectProviderProfile } from '@evergrant/core/providers'

/** The profile of an authorization server. */
export type ProfileOf = (issuer: string) => ProviderProfile

/**
 * Chooses the profile of every authorization server: the one that the application passed, otherwise
 * the one for the issuer. All requests of a session use the same choice.
 */
export function profileChooser(
  override: ((issuer: string) => ProviderProfile | undefined) | undefined,
): ProfileOf {
  return (issuer) => override?.(issuer) ?? selectProviderProfile(issuer)
}
