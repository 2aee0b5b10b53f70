import type {
  RefreshIssuanceReason,
  RefreshIssuanceRequest,
  RefreshIssuanceRule,
  RefreshIssuanceVerdict,
} from './issuance-rule.ts'

/**
 * When a refresh token is issued.
 *
 * - `oauth21`: the client registered the `refresh_token` grant type. `offline_access` has no
 *   effect.
 * - `oidc`: the client registered the grant type, and `offline_access` was requested and consented to
 *   (OIDC Core §11).
 * - `either`: lenient, one of the two signals is enough. The only preset that violates A-02: a client
 *   that did not register the grant type gets a refresh token for `offline_access`. For clients whose
 *   metadata is out of date.
 * - `never`: no refresh tokens at all.
 */
export type RefreshIssuancePreset = 'oauth21' | 'oidc' | 'either' | 'never'

/**
 * The policy of a server that sets none: SEP-2207 asks for both signals, so a client that never declared
 * that it can keep a refresh token gets none.
 */
export const defaultRefreshIssuancePolicy: RefreshIssuancePreset = 'oidc'

/** Every preset, in the order they are documented. */
export const refreshIssuancePresets: readonly RefreshIssuancePreset[] = [
  'oauth21',
  'oidc',
  'either',
  'never',
]

/** The presets, as rules. */
export const presetRules: Readonly<Record<RefreshIssuancePreset, RefreshIssuanceRule>> = {
  oauth21: {
    decide: (request) =>
      isDeclared(request) ? granted('grant-type-declared') : refused('grant-type-not-declared'),
    offlineAccessHasEffect: false,
    grantTypeIsOptional: false,
  },
  oidc: {
    decide(request) {
      if (!isDeclared(request)) return refused('grant-type-not-declared')
      if (!request.requestedScopes.includes('offline_access')) {
        return refused('offline-access-not-requested')
      }
      return hasOfflineAccess(request)
        ? granted('offline-access-consented')
        : refused('offline-access-not-consented')
    },
    offlineAccessHasEffect: true,
    grantTypeIsOptional: false,
  },
  either: {
    decide(request) {
      if (isDeclared(request)) return granted('grant-type-declared')
      return hasOfflineAccess(request) ? granted('offline-access-consented') : refused('no-signal')
    },
    offlineAccessHasEffect: true,
    grantTypeIsOptional: true,
  },
  never: {
    decide: () => refused('server-never-issues'),
    offlineAccessHasEffect: false,
    grantTypeIsOptional: false,
  },
}

function isDeclared({ clientGrantTypes }: RefreshIssuanceRequest): boolean {
  return clientGrantTypes.includes('refresh_token')
}

function hasOfflineAccess({ requestedScopes, consentedScopes }: RefreshIssuanceRequest): boolean {
  return requestedScopes.includes('offline_access') && consentedScopes.includes('offline_access')
}

const explanations = {
  'grant-type-declared': 'The client lists refresh_token in its grant_types.',
  'offline-access-consented': 'The user consented to offline_access.',
  'server-never-issues': 'This server issues no refresh tokens.',
  'grant-type-not-declared': 'The client does not list refresh_token in its grant_types.',
  'offline-access-not-requested': 'The client did not request the offline_access scope.',
  'offline-access-not-consented': 'The user did not consent to the offline_access scope.',
  'no-signal':
    'The client neither lists refresh_token in its grant_types nor was granted offline_access.',
} satisfies Partial<Record<RefreshIssuanceReason, string>>

function granted(reason: keyof typeof explanations): RefreshIssuanceVerdict {
  return { issue: true, reason, explanation: explanations[reason] }
}

function refused(reason: keyof typeof explanations): RefreshIssuanceVerdict {
  return { issue: false, reason, explanation: explanations[reason] }
}
