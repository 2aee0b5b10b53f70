import { graceWithin } from './resolve-settings.ts'
import type { ServerSettings } from './server-settings.ts'

/** Warnings about settings that work but are probably a mistake. Each says what to do. */
export function configurationWarnings(settings: ServerSettings): readonly string[] {
  return [...graceWarnings(settings), ...registrationWarnings(settings)]
}

function registrationWarnings({
  clients,
  emulatedServer,
  emulation,
}: ServerSettings): readonly string[] {
  const registers = emulation.registration && !emulation.refusesRegistration
  if (emulatedServer === undefined || clients.length > 0 || registers) return []
  const documents = emulation.clientIdMetadataDocuments
    ? 'Only clients with a metadata document can sign in'
    : 'No client can sign in'
  return [
    `${documents}: ${emulatedServer.product} does not register clients on request, and none is registered ` +
      'by hand. Set --local-client ID, or "clients" in the file that --config names.',
  ]
}

function graceWarnings(settings: ServerSettings): readonly string[] {
  const { accessTokenLifetimeSeconds, graceSeconds } = settings
  // A refresh of the legitimate client would begin another grace each time. The default grace is
  // accepted, because it is longer than the very short access tokens that tests use.
  const longest = Math.max(accessTokenLifetimeSeconds - 1, graceWithin(accessTokenLifetimeSeconds))
  if (graceSeconds <= longest) return []
  return [
    `The grace (${graceSeconds} s) is not shorter than the lifetime of an access token ` +
      `(${accessTokenLifetimeSeconds} s): the use of a stolen refresh token within the grace may ` +
      'never be detected. Set the grace to a quarter of that lifetime, or make the lifetime longer.',
  ]
}
