import { auth0 } from './auth0.ts'
import { authelia } from './authelia.ts'
import { authentik } from './authentik.ts'
import { clerk } from './clerk.ts'
import { cloudflareAccess } from './cloudflare-access.ts'
import { cognito } from './cognito.ts'
import { descope } from './descope.ts'
import { entraId } from './entra-id.ts'
import { fusionauth } from './fusionauth.ts'
import { github } from './github.ts'
import { google } from './google.ts'
import { keycloak } from './keycloak.ts'
import { logto } from './logto.ts'
import { okta } from './okta.ts'
import { oryHydra } from './ory-hydra.ts'
import { ping } from './ping.ts'
import type { ProfileReasons, Provider } from './provider.ts'
import { scalekit } from './scalekit.ts'
import { stytch } from './stytch.ts'
import { workosAuthkit } from './workos-authkit.ts'
import { zitadel } from './zitadel.ts'

/** Every product that has a page, by name. */
export const providers: readonly Provider[] = [
  auth0,
  authelia,
  authentik,
  clerk,
  cloudflareAccess,
  cognito,
  descope,
  entraId,
  fusionauth,
  github,
  google,
  keycloak,
  logto,
  okta,
  oryHydra,
  ping,
  scalekit,
  stytch,
  workosAuthkit,
  zitadel,
].toSorted((one, other) => one.name.localeCompare(other.name, 'en'))

/** Profiles of libraries, which have no page: the emulated server, and the reasons. */
export const libraryReasons: Readonly<
  Record<string, { readonly emulated: string; readonly reasons: ProfileReasons }>
> = {
  'django-oauth-toolkit': {
    emulated: 'django-oauth-toolkit',
    reasons: { offlineAccess: 'offlineAccess', promptConsent: 'refreshTokenFor' },
  },
  'spring-authorization-server': {
    emulated: 'spring',
    reasons: { offlineAccess: 'offlineAccess', promptConsent: 'refreshTokenFor' },
  },
}
