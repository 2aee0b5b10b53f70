import type { ServerSettings } from '../settings/server-settings.ts'

/**
 * The lifetime of an access token. It does not outlive the sign-in.
 *
 * @param authorizationSeconds - How long the sign-in lasts, if that is known.
 */
export function accessTokenSeconds(
  { accessTokenLifetimeSeconds, lifetimes }: ServerSettings,
  authorizationSeconds: number | undefined,
): number {
  const longest = Math.min(accessTokenLifetimeSeconds, lifetimes.absoluteSeconds)
  return Math.max(1, Math.min(longest, authorizationSeconds ?? longest))
}
