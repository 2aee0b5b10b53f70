import { showRemote } from '../lib/remote-text.ts'
import { hostedProducts } from './hosted-products.ts'
import type { ProviderProfile } from './provider-profile.ts'
import { standardProfile } from './provider-profile.ts'
import { selfHostedProducts } from './self-hosted-products.ts'

/** Products that deviate from the standards. */
export const providerProfiles: readonly ProviderProfile[] = [
  ...hostedProducts,
  ...selfHostedProducts,
]

/** Options of {@link selectProviderProfile}. */
export interface SelectProviderProfileOptions {
  /** Searched before the built-in profiles. */
  readonly profiles?: readonly ProviderProfile[] | undefined
}

/**
 * Returns the profile for an issuer: the first with a matching pattern, otherwise
 * {@link standardProfile}.
 *
 * @param issuer - From validated metadata, so that a server cannot select another server's profile.
 */
export function selectProviderProfile(
  issuer: string,
  options: SelectProviderProfileOptions = {},
): ProviderProfile {
  const serves = (profile: ProviderProfile): boolean =>
    expressionsOf(profile).some((expression) => expression.test(issuer))
  return options.profiles?.find(serves) ?? providerProfiles.find(serves) ?? standardProfile
}

/** Compiled once for each profile: a client with many grants chooses a profile for each refresh. */
const compiled = new WeakMap<ProviderProfile, readonly RegExp[]>()

function expressionsOf(profile: ProviderProfile): readonly RegExp[] {
  const known = compiled.get(profile)
  if (known !== undefined) return known
  const expressions = profile.issuers.map(issuerExpression)
  compiled.set(profile, expressions)
  return expressions
}

function issuerExpression(pattern: string): RegExp {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[A-Za-z0-9._-]+')
  return new RegExp(`^${source}$`)
}

/** The parameters of a profile for a resource. */
export interface ProfileParameters {
  /** Value of `resource` in every request to the server; `undefined` to leave it out. */
  readonly resource: string | undefined
  /** Additional parameters of the authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>
  /** Deviations from the standards, in plain words. */
  readonly warnings: readonly string[]
}

/** Options of {@link applyProviderProfile}. */
export interface ApplyProviderProfileOptions {
  /** Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
}

/**
 * Returns the parameters that a profile requires.
 *
 * @param resource - The MCP server's resource identifier.
 * @see RFC 8707 §2 (`resource`)
 */
export function applyProviderProfile(
  profile: ProviderProfile,
  resource: string,
  options: ApplyProviderProfileOptions = {},
): ProfileParameters {
  const omit = profile.resourceParameter === 'omit'
  return {
    resource: omit ? undefined : resource,
    authorizationParameters: {
      ...(options.wantsRefreshToken === false ? {} : profile.refreshTokenParameters),
      ...(profile.resourceAlias === undefined ? {} : { [profile.resourceAlias]: resource }),
    },
    warnings: omit
      ? [
          `resource ${showRemote(resource)} is not sent, because ${profile.name} rejects it; the ` +
            'scope must name the resource',
        ]
      : [],
  }
}
