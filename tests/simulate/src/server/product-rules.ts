import {
  emulatedSettings,
  emulationOf,
  graceWithin,
  rotates,
} from '@evergrant/reference-as/emulation'
import type { EmulatedServer, EmulatedSettings, Emulation } from '@evergrant/reference-as/emulation'
import { days, hours } from '../time/units.ts'

/** How long a sign-in lasts. */
export interface SignInLimits {
  /** A refresh token that is not used for this long ends. */
  readonly idleSeconds: number
  /** A sign-in ends after this long, even if it is used. */
  readonly absoluteSeconds: number
}

/** A product as the simulation serves it: the data that `--emulate` of the reference server reads. */
export interface ProductRules {
  readonly name: string
  readonly product: string
  readonly issuer: string
  readonly emulation: Emulation
  /** Decides whether a code brings a refresh token. */
  readonly policy: NonNullable<EmulatedSettings['policy']>
  readonly rotates: boolean
  readonly graceSeconds: number
  readonly accessTokenSeconds: number
  /** Whether the product is known to have this lifetime. */
  readonly accessTokenSecondsAreKnown: boolean
  readonly limits: SignInLimits
  /** The limits of a sign-in for which `offline_access` was granted, if they differ. */
  readonly offlineLimits: SignInLimits
}

/** Issuers that a provider profile of `@evergrant/core` recognizes. All others have the same issuer. */
const issuers: Readonly<Record<string, string>> = {
  auth0: 'https://example.eu.auth0.com/',
  clerk: 'https://example.clerk.accounts.dev',
  cognito: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE',
  entra: 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
  github: 'https://github.com/login/oauth',
  google: 'https://accounts.google.com',
  hydra: 'https://example.projects.oryapis.com',
  keycloak: 'https://keycloak.example.com/realms/example',
  'keycloak-resource-indicators': 'https://keycloak.example.com/realms/example',
  logto: 'https://example.logto.app/oidc',
  okta: 'https://example.okta.com/oauth2/default',
}

/**
 * The offline tokens of Keycloak, which outlive its sessions. Its page of the providers has the source:
 * the emulated lifetimes are those of a session.
 */
const keycloakOfflineLimits: SignInLimits = {
  idleSeconds: days(30),
  absoluteSeconds: Number.POSITIVE_INFINITY,
}
const offlineLimits: Readonly<Record<string, SignInLimits>> = {
  keycloak: keycloakOfflineLimits,
  'keycloak-resource-indicators': keycloakOfflineLimits,
}

/** The default of the reference server. */
const defaultAbsoluteSeconds = days(90)
const commonAccessTokenSeconds = hours(1)

/** The rules of an emulated product. */
export function productRules(server: EmulatedServer): ProductRules {
  const { name, product, behaviors } = server
  const settings = emulatedSettings(server)
  const idleSeconds = behaviors.idleSeconds?.value ?? Number.POSITIVE_INFINITY
  const limits: SignInLimits = {
    idleSeconds,
    absoluteSeconds:
      behaviors.absoluteSeconds?.value ??
      (behaviors.idleSeconds === undefined ? defaultAbsoluteSeconds : Number.POSITIVE_INFINITY),
  }
  // An access token that outlives its refresh token would not be refreshed.
  const accessTokenSeconds =
    settings.accessTokenLifetimeSeconds ?? Math.min(commonAccessTokenSeconds, idleSeconds / 2)
  return {
    name,
    product,
    issuer: issuers[name] ?? 'https://as.example.com',
    emulation: emulationOf(server),
    policy: settings.policy ?? 'oidc',
    rotates: rotates(behaviors),
    graceSeconds: settings.graceSeconds ?? graceWithin(accessTokenSeconds),
    accessTokenSeconds,
    accessTokenSecondsAreKnown: settings.accessTokenLifetimeSeconds !== undefined,
    limits,
    offlineLimits: offlineLimits[name] ?? limits,
  }
}
