import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const guide = source(
  'How Clerk implements OAuth',
  'https://github.com/clerk/clerk-docs/blob/013e7fe12c/docs/guides/configure/auth-strategies/oauth/how-clerk-implements-oauth.mdx',
  '2026-11-28',
)

export const clerk: Provider = {
  id: 'clerk',
  name: 'Clerk',
  exampleIssuer: 'https://example.clerk.accounts.dev',
  isOpenIdProvider: true,
  profile: 'clerk',
  profileReasons: { promptConsent: { note: 'registered clients always get the consent page' } },
  emulated: 'clerk',
  switchOn: [
    documented(
      'In the Clerk dashboard, open **OAuth applications**, and turn on **Dynamic client registration**, or **Advertise CIMD support** on the tab **CIMD Clients** if your account has it.',
      guide,
    ),
    documented(
      'Set **Default scopes** there for clients that send no `scope`. A client that sends one gets what it sends.',
      guide,
    ),
    documented(
      'For a client that is registered by hand and has no secret, turn on **Public** in its settings.',
      guide,
    ),
  ],
  comesBack: [
    documented(
      'Access tokens are JWTs, unless **Generate access tokens as JWTs** is off for the application.',
      guide,
    ),
  ],
  lasts: [],
  ends: [],
  traps: [
    documented(
      'After you delete a custom scope, a refresh token that was issued with it is refused with `invalid_scope`. If you create the scope again and assign it, the token works again.',
      guide,
    ),
    documented(
      'Some clients send no `scope` at all. Without `offline_access` among the default scopes, their request does not contain it.',
      guide,
    ),
  ],
  answers: {
    idleSeconds: {
      short: 'never',
      fact: { note: 'refresh tokens do not expire' },
    },
    absoluteSeconds: {
      short: 'never',
      fact: { note: 'refresh tokens do not expire' },
    },
    clientIdMetadataDocuments: {
      short: 'beta',
      fact: { note: 'metadata documents are a beta' },
    },
  },
}
