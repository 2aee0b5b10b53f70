import { rotates } from './emulated-settings.ts'
import type { EmulatedServer, ServerBehaviors } from './servers/emulated-server.ts'

/** The part of an emulated server that goes beyond settings of this server. */
export interface Emulation {
  readonly offlineAccess: 'by-policy' | 'listed' | 'unlisted' | 'refused'
  readonly scopesSupported: boolean
  readonly promptConsentNeeded: boolean
  readonly scopeRequired: boolean
  /** A code brings a refresh token only when `access_type=offline` was requested. */
  readonly accessTypeOffline: boolean
  readonly rotation: 'new-token' | 'same-token' | 'no-token'
  /** How a superseded refresh token is handled. `by-rule`: as this server does. */
  readonly reuse: 'by-rule' | 'refused' | 'refused-once-successor-is-used' | 'accepted'
  readonly resource: 'honored' | 'ignored' | 'refused'
  readonly resourceOnRefresh: 'granted' | 'forgotten'
  readonly audience: 'resource' | 'client'
  readonly tokenType: 'at+jwt' | 'absent'
  readonly publicClients: 'get-refresh-tokens' | 'get-none'
  /** Whether the metadata lists the endpoint. */
  readonly registration: boolean
  readonly refusesRegistration: boolean
  readonly registeredScope: 'any' | 'default-only'
  readonly clientIdInForm: 'required' | 'optional'
  readonly revocationSecret: 'form-only' | 'any'
  readonly clientIdMetadataDocuments: boolean
  /** Whether the device grant is offered. No emulated product is known to offer it to MCP clients. */
  readonly deviceGrant: boolean
  readonly iss: boolean
  /** Whether token responses and metadata state lifetimes of grants. No emulated product does. */
  readonly announcesLifetimes: boolean
  readonly codeChallengeMethods: boolean
  readonly metadataAt: NonNullable<ServerBehaviors['metadataAt']>['value']
  readonly deadRefreshToken: 'invalid_grant' | 'empty-400' | 'bad_refresh_token'
}

/** This server without emulation. */
export const noEmulation: Emulation = {
  offlineAccess: 'by-policy',
  scopesSupported: true,
  promptConsentNeeded: false,
  scopeRequired: false,
  accessTypeOffline: false,
  rotation: 'new-token',
  reuse: 'by-rule',
  resource: 'honored',
  resourceOnRefresh: 'granted',
  audience: 'resource',
  tokenType: 'at+jwt',
  publicClients: 'get-refresh-tokens',
  registration: true,
  refusesRegistration: false,
  registeredScope: 'any',
  clientIdInForm: 'optional',
  revocationSecret: 'any',
  clientIdMetadataDocuments: true,
  deviceGrant: true,
  iss: true,
  announcesLifetimes: true,
  codeChallengeMethods: true,
  metadataAt: 'both',
  deadRefreshToken: 'invalid_grant',
}

/** What this server must do beyond its settings to behave like the emulated server. */
export function emulationOf({ behaviors }: EmulatedServer): Emulation {
  const { refreshTokenFor, offlineAccess, rotation, resource, metadataAt, deadRefreshToken } =
    behaviors
  return {
    offlineAccess: offlineAccess?.value ?? 'by-policy',
    scopesSupported: behaviors.scopesSupported?.value !== 'absent',
    promptConsentNeeded: behaviors.promptConsent?.value === 'needed',
    scopeRequired: behaviors.requestWithoutScope?.value === 'refused',
    accessTypeOffline: refreshTokenFor?.value === 'access-type-offline',
    rotation: rotation?.value ?? 'new-token',
    reuse: emulatedReuse(behaviors),
    resource: resource?.value ?? 'honored',
    resourceOnRefresh: behaviors.resourceOnRefresh?.value ?? 'granted',
    audience: behaviors.audience?.value ?? 'resource',
    tokenType: behaviors.tokenType?.value ?? 'at+jwt',
    publicClients: behaviors.publicClients?.value ?? 'get-refresh-tokens',
    registration:
      registersWithoutSource({ behaviors }) ||
      (behaviors.registration !== undefined && behaviors.registration.value !== 'not-offered'),
    refusesRegistration: behaviors.registration?.value === 'listed-and-refused',
    registeredScope: behaviors.registeredScope?.value ?? 'any',
    clientIdInForm: behaviors.clientIdInForm?.value ?? 'optional',
    revocationSecret: behaviors.revocationSecret?.value ?? 'any',
    // Not offered without a source.
    deviceGrant: false,
    clientIdMetadataDocuments: behaviors.clientIdMetadataDocuments?.value === 'supported',
    iss: behaviors.iss?.value !== 'not-sent',
    announcesLifetimes: false,
    codeChallengeMethods: behaviors.codeChallengeMethods?.value !== 'absent',
    metadataAt: metadataAt?.value ?? 'both',
    deadRefreshToken: deadRefreshToken?.value ?? 'invalid_grant',
  }
}

/**
 * Whether registration is offered although no source says that the product has it: when a client
 * has no other way to become known, and no source says that the product has no registration.
 */
export function registersWithoutSource({ behaviors }: Pick<EmulatedServer, 'behaviors'>): boolean {
  const { registration, clientIdMetadataDocuments } = behaviors
  return registration === undefined && clientIdMetadataDocuments?.value !== 'supported'
}

function emulatedReuse({ reuse }: ServerBehaviors): Emulation['reuse'] {
  switch (reuse?.value) {
    case 'refused':
    case 'accepted':
      return reuse.value
    case 'accepted-until-successor-is-used':
      return 'refused-once-successor-is-used'
    default:
      return 'by-rule'
  }
}

/** The behaviors of a server that are not emulated, each with the reason. */
export function notEmulated({ behaviors }: EmulatedServer): Readonly<Record<string, string>> {
  return behaviors.idleSeconds === undefined || rotates(behaviors)
    ? {}
    : { idleSeconds: 'use does not extend the lifetime of a token that is not exchanged' }
}
