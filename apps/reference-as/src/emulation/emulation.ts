import type { RefreshIssuancePolicy } from '@evergrant/authorization-server'
import type { ServerBehaviours, ServerProfile } from '@evergrant/authorization-server/profiles'

/** What of a profile goes beyond the settings that this server has anyway. */
export interface Emulation {
  readonly offlineAccess: 'by-policy' | 'listed' | 'unlisted' | 'refused'
  readonly scopesSupported: boolean
  readonly promptConsentNeeded: boolean
  readonly scopeRequired: boolean
  /** The code brings a refresh token only where `access_type=offline` was asked for. */
  readonly accessTypeOffline: boolean
  readonly rotation: 'new-token' | 'same-token' | 'no-token'
  /** What becomes of a superseded refresh token, where it is not what this server does anyway. */
  readonly reuse: 'as-it-comes' | 'refused' | 'refused-once-successor-is-used' | 'accepted'
  readonly resource: 'honoured' | 'ignored' | 'refused'
  readonly registration: boolean
  readonly clientIdMetadataDocuments: boolean
  readonly iss: boolean
  readonly codeChallengeMethods: boolean
  readonly metadataAt: 'both' | 'openid-configuration' | 'openid-configuration-and-a-page'
  readonly deadRefreshToken: 'invalid_grant' | 'empty-400' | 'bad_refresh_token'
}

/** This server as it is. */
export const noEmulation: Emulation = {
  offlineAccess: 'by-policy',
  scopesSupported: true,
  promptConsentNeeded: false,
  scopeRequired: false,
  accessTypeOffline: false,
  rotation: 'new-token',
  reuse: 'as-it-comes',
  resource: 'honoured',
  registration: true,
  clientIdMetadataDocuments: true,
  iss: true,
  codeChallengeMethods: true,
  metadataAt: 'both',
  deadRefreshToken: 'invalid_grant',
}

/** Settings as a profile has them; what somebody sets goes before. */
export interface EmulatedSettings {
  readonly policy?: RefreshIssuancePolicy
  readonly graceSeconds?: number
  readonly overlapSeconds: number
  readonly refreshTokenIdleSeconds?: number
  readonly refreshTokenLifetimeSeconds?: number
  readonly accessTokenLifetimeSeconds?: number
}

const policies: Readonly<
  Record<NonNullable<ServerBehaviours['refreshTokenFor']>['value'], RefreshIssuancePolicy>
> = {
  always: 'any-code',
  'grant-type': 'oauth21',
  'offline-access': 'offline-access-alone',
  'grant-type-and-offline-access': 'oidc',
  'access-type-offline': 'any-code',
}

/** Long enough that nothing ends by it while somebody tries a profile: ten years. */
const endlessSeconds = 10 * 365 * 86_400

/** The settings that a profile stands for. */
export function emulatedSettings({ behaviours }: ServerProfile): EmulatedSettings {
  const { refreshTokenFor, reuse, graceSeconds, accessTokenSeconds } = behaviours
  const idle = rotates(behaviours) ? behaviours.idleSeconds?.value : undefined
  const untilUsed = reuse?.value === 'accepted-until-successor-is-used'
  const absolute = behaviours.absoluteSeconds?.value ?? idle
  const grace = untilUsed ? endlessSeconds : graceSeconds?.value
  return {
    ...(refreshTokenFor === undefined ? {} : { policy: policies[refreshTokenFor.value] }),
    ...(grace === undefined ? {} : { graceSeconds: grace }),
    // None of these products lets both tokens of an exchange be good.
    overlapSeconds: 0,
    ...(idle === undefined ? {} : { refreshTokenIdleSeconds: idle }),
    ...(absolute === undefined
      ? {}
      : { refreshTokenLifetimeSeconds: behaviours.absoluteSeconds?.value ?? endlessSeconds }),
    ...(accessTokenSeconds === undefined
      ? {}
      : { accessTokenLifetimeSeconds: accessTokenSeconds.value }),
  }
}

/** What this server has to do otherwise than by its settings to behave like a profile. */
export function emulationOf({ behaviours }: ServerProfile): Emulation {
  const { refreshTokenFor, offlineAccess, rotation, resource, metadataAt, deadRefreshToken } =
    behaviours
  return {
    offlineAccess: offlineAccess?.value ?? 'by-policy',
    scopesSupported: behaviours.scopesSupported?.value !== 'absent',
    promptConsentNeeded: behaviours.promptConsent?.value === 'needed',
    scopeRequired: behaviours.requestWithoutScope?.value === 'refused',
    accessTypeOffline: refreshTokenFor?.value === 'access-type-offline',
    rotation: rotation?.value ?? 'new-token',
    reuse: emulatedReuse(behaviours),
    resource: resource?.value ?? 'honoured',
    registration:
      behaviours.registration?.value === 'offered' || registersWithoutSource({ behaviours }),
    // Without a source it is not offered.
    clientIdMetadataDocuments: behaviours.clientIdMetadataDocuments?.value === 'supported',
    iss: behaviours.iss?.value !== 'not-sent',
    codeChallengeMethods: behaviours.codeChallengeMethods?.value !== 'absent',
    metadataAt: metadataAt?.value ?? 'both',
    deadRefreshToken: deadRefreshToken?.value ?? 'invalid_grant',
  }
}

/**
 * Whether registration is offered though no source says that the product has it: where there is no
 * other way in that a client finds by itself, and no source says that there is none at all.
 */
export function registersWithoutSource({ behaviours }: Pick<ServerProfile, 'behaviours'>): boolean {
  const { registration, clientIdMetadataDocuments } = behaviours
  return registration === undefined && clientIdMetadataDocuments?.value !== 'supported'
}

function emulatedReuse({ reuse }: ServerBehaviours): Emulation['reuse'] {
  switch (reuse?.value) {
    case 'refused':
    case 'accepted':
      return reuse.value
    case 'accepted-until-successor-is-used':
      return 'refused-once-successor-is-used'
    default:
      return 'as-it-comes'
  }
}

function rotates({ rotation }: ServerBehaviours): boolean {
  return rotation === undefined || rotation.value === 'new-token'
}

/** The behaviours of a profile that this server does not show, each with the reason. */
export function notEmulated({ behaviours }: ServerProfile): Readonly<Record<string, string>> {
  return behaviours.idleSeconds === undefined || rotates(behaviours)
    ? {}
    : { idleSeconds: 'the life of a token that is not exchanged is not extended here' }
}
