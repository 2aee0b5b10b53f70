import { ProtocolError, readScope } from '@evergrant/core'
import { parseEndpoint } from '@evergrant/core/network'
import { parseRedirectUri } from '@evergrant/core/registration'
import type { ChosenProfile } from '../connection/surroundings.ts'
import { CliError } from '../lib/errors.ts'
import { serverFacts } from '../connection/sign-in-flags.ts'
import type { CliEnvironment } from '../lib/environment.ts'
import type { CommandArguments } from './runner.ts'
import { variables } from '../names.ts'

/**
 * Checks the URLs, scope and combinations that the user gave, before a home, a key or a request is
 * made from them. What a user types is never dropped or guessed.
 *
 * @throws CliError `USAGE`; ProtocolError for the URL of the MCP server or a redirect URI
 */
export function checkArguments(
  { serverUrl, flags }: CommandArguments,
  env: CliEnvironment['env'],
): ChosenProfile {
  if (serverUrl !== undefined) parseEndpoint(serverUrl, 'The MCP server URL')
  checkScope(flags.scope)
  checkUrl('--issuer', flags.issuer, parseEndpoint)
  checkUrl('--trusted-issuer', flags.trustedIssuer, parseEndpoint)
  checkUrl('--resource', flags.resource, parseEndpoint)
  if (flags.redirectUri !== undefined) parseRedirectUri(flags.redirectUri)
  serverFacts(flags, env)
  const variable = env[variables.profile]
  return {
    profile: profileOf(flags.profile, variable),
    hasProfile: flags.profile !== undefined || (variable ?? '') !== '',
  }
}

const longestProfile = 64

/** `default` is the name under which sign-ins are stored without a profile. */
function profileOf(flag: string | undefined, variable: string | undefined): string {
  const profile = flag ?? (variable === undefined || variable === '' ? 'default' : variable)
  if (/^[\w.@+-]+$/.test(profile) && profile.length <= longestProfile) return profile
  throw new CliError(
    'USAGE',
    `${flag === undefined ? variables.profile : 'The option --profile'} cannot be used: ${JSON.stringify(profile)} is not a profile name (expected 1 to ${longestProfile} letters, digits or . _ @ + -). Correct it.`,
  )
}

function checkScope(scope: string | undefined): void {
  if (scope === undefined) return
  const { tokens, ignored } = readScope(scope)
  const [wrong] = ignored
  if (wrong === undefined && tokens.length > 0) return
  throw new CliError(
    'USAGE',
    wrong === undefined
      ? 'The option --scope is empty (expected scope tokens with spaces between them). Name the scope, or leave the option out.'
      : `The option --scope cannot be used: ${JSON.stringify(wrong)} is not a scope token (expected visible ASCII characters without quotation marks and backslashes, RFC 6749 §3.3). Correct it.`,
  )
}

function checkUrl(
  option: string,
  value: string | undefined,
  parse: (value: unknown, what: string) => unknown,
): void {
  if (value === undefined) return
  try {
    parse(value, `The option ${option}`)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new CliError('USAGE', error.message, { cause: error })
  }
}
