import { graceWithin } from './options.ts'
import type { ServerSettings } from './options.ts'

/** What works, but hardly as meant: for whoever starts the server. Each says what to do. */
export function doubtsAbout(settings: ServerSettings): readonly string[] {
  const { accessTokenLifetimeSeconds, graceSeconds } = settings
  // A refresh of the one who was robbed would begin another grace, and so on for good. What is
  // chosen for very short access tokens, as tests have them, is no mistake of anybody.
  const longest = Math.max(accessTokenLifetimeSeconds - 1, graceWithin(accessTokenLifetimeSeconds))
  if (graceSeconds <= longest) return []
  return [
    `A grace of ${graceSeconds} s is no shorter than the life of an access token, ` +
      `${accessTokenLifetimeSeconds} s: a thief who uses a stolen refresh token within it may ` +
      'never be noticed. Make the grace a quarter of that, or access tokens longer.',
  ]
}
