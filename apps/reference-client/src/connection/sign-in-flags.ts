import type { PreRegisteredClient, SignInPreferences } from '@evergrant/client'
import type { LoopbackHost } from '@evergrant/client/loopback'
import type { ProviderProfile } from '@evergrant/core/providers'
import { providerProfiles } from '@evergrant/core/providers'
import type { CliEnvironment } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import { variables } from '../names.ts'

/** Flags of every command that can sign in. */
export interface SignInFlags {
  readonly headless?: boolean | undefined
  readonly deviceCode?: boolean | undefined
  readonly clientCredentials?: boolean | undefined
  /** `false` with `--no-browser`. */
  readonly browser?: boolean | undefined
  readonly redirectUri?: string | undefined
  readonly callbackHost?: LoopbackHost | undefined
  readonly callbackPort?: number | undefined
  readonly clientId?: string | undefined
  readonly issuer?: string | undefined
  readonly dynamicRegistration?: boolean | undefined
  readonly resource?: string | undefined
  readonly trustedIssuer?: string | undefined
  readonly provider?: string | undefined
  readonly prompt?: SignInPreferences['prompt']
  readonly assumePkceS256?: boolean | undefined
}

/** What the flags say about the servers, for a session. */
export interface ServerFacts {
  /** Clients registered by hand, by issuer. */
  readonly preRegistered: Readonly<Record<string, PreRegisteredClient>> | undefined
  /** Whether the client may register itself although one was registered by hand. */
  readonly dynamicRegistration: boolean | undefined
  /** A resource wider than the MCP server's URL that the user accepts. */
  readonly acceptedResource: string | undefined
  /** The issuer of the authorization server, if its metadata names another one than the MCP server. */
  readonly trustedIssuer: string | undefined
  readonly preferences: SignInPreferences
}

/**
 * Reads the flags that describe the servers.
 *
 * @throws CliError `USAGE`
 */
export function serverFacts(flags: SignInFlags, env: CliEnvironment['env']): ServerFacts {
  const { resource, trustedIssuer, prompt, assumePkceS256, provider } = flags
  return {
    preRegistered: registeredByHand(flags, env),
    dynamicRegistration: flags.dynamicRegistration,
    acceptedResource: resource,
    trustedIssuer,
    preferences: { prompt, assumePkceS256, profile: profileOf(provider) },
  }
}

function profileOf(id: string | undefined): ProviderProfile | undefined {
  return providerProfiles.find((profile) => profile.id === id)
}

/**
 * The client of `--client-id`. The issuer is required, because an MCP server can name any
 * authorization server, and the secret is for one of them.
 */
function registeredByHand(
  { clientId, issuer }: SignInFlags,
  env: CliEnvironment['env'],
): ServerFacts['preRegistered'] {
  if (clientId === undefined && issuer === undefined) return undefined
  if (clientId === undefined || issuer === undefined) {
    throw new CliError(
      'USAGE',
      'Use --client-id and --issuer together: a client registered by hand exists at one authorization server. The issuer is the exact value of "issuer" in that server\'s metadata.',
    )
  }
  const clientSecret = env[variables.clientSecret]
  return { [issuer]: { clientId, ...(clientSecret ? { clientSecret } : {}) } }
}
