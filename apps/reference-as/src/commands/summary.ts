import type { ClientRiskRules, RefreshIssuancePreset } from '@evergrant/authorization-server'
import type { RunningAuthorizationServer } from '../server.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { describeDatabase } from '../store/open.ts'

/** What a started server does, one setting per line. */
export function summary(
  { issuer, url, settings: on, hasMetrics }: RunningAuthorizationServer,
  sources: readonly string[],
): string {
  const { lifetimes, graceSeconds, overlapSeconds } = on
  const lines = [
    ['issuer', issuer],
    ['listening on', url],
    ['settings from', [...sources, 'defaults'].join(', ')],
    ['database', describeDatabase(on.databasePath)],
    ...(on.emulatedServer === undefined ? [] : [['emulates', on.emulatedServer.product]]),
    ['refresh tokens', issuancePolicy(on.policy)],
    ['access tokens', `${on.accessTokenLifetimeSeconds} s`],
    ['sign-ins', `${lifetimes.absoluteSeconds} s, ${lifetimes.idleSeconds} s when not used`],
    [
      'successor grace',
      graceSeconds === 0 ? 'off' : `${graceSeconds} s, overlap ${overlapSeconds} s`,
    ],
    ['scopes', on.resourceScopes.join(' ')],
    ['resources', [...on.resources, ...(on.demo ? ['any on loopback'] : [])].join(', ')],
    ['clients', clientKinds(on)],
    ['risk', riskRules(on.clientRiskRules)],
    [
      'rate limits',
      on.demo ? 'off in the demo' : 'sign-in, authorization, token and registration endpoints',
    ],
    ['client address', clientAddress(on.trustedProxies)],
    ['metrics', hasMetrics ? 'OpenTelemetry, if an SDK is registered' : 'off'],
    ['sign-in', on.demo ? 'DEMO: every user is signed in and approved' : 'accounts'],
  ]
  return `${lines.map(([name = '', value = '']) => `  ${name.padEnd(16)}${value}`).join('\n')}\n`
}

const presets: Readonly<Record<RefreshIssuancePreset, string>> = {
  oauth21: 'to clients that list refresh_token in their grant_types',
  oidc: 'to clients that list refresh_token and are granted offline_access',
  either: 'lenient, to clients that list refresh_token, or are granted offline_access',
  never: 'never',
}

function issuancePolicy(policy: ServerSettings['policy']): string {
  return typeof policy === 'string'
    ? `${presets[policy]} (${policy})`
    : `${policy.summary} (${policy.name})`
}

function clientKinds({ clients, emulation }: ServerSettings): string {
  const kinds = [
    ...(emulation.registration && !emulation.refusesRegistration ? ['dynamic registration'] : []),
    ...(emulation.clientIdMetadataDocuments ? ['metadata documents'] : []),
    ...(clients.length === 0 ? [] : [`registered by hand: ${shortList(clients)}`]),
  ]
  return kinds.length === 0 ? 'none' : kinds.join(', ')
}

/** The first IDs, which an operator needs for the client. A file may have hundreds. */
function shortList(clients: ServerSettings['clients']): string {
  const shown = clients.slice(0, 3).map(({ client_id: id }) => JSON.stringify(id))
  const more = clients.length - shown.length
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
}

function riskRules(rules: ClientRiskRules | undefined): string {
  if (rules === undefined) return 'no rules'
  const limit = (clients: string, seconds: number | undefined) =>
    seconds === undefined ? [] : [`${clients} ${seconds === 0 ? 'none' : `${seconds} s`}`]
  const { trustedDomains } = rules
  return [
    ...(trustedDomains === undefined
      ? []
      : [
          `${trustedDomains.join(', ')} trusted`,
          ...limit('others', rules.untrustedLifetimeSeconds ?? 0),
        ]),
    ...limit("responses to the user's machine", rules.localRedirectLifetimeSeconds),
    ...limit('new clients', rules.newClientLifetimeSeconds),
  ].join('; ')
}

function clientAddress(trustedProxies: number): string {
  if (trustedProxies === 0) return 'of the connection'
  const entry = trustedProxies === 1 ? 'last entry' : `entry ${trustedProxies} from the right`
  return `${entry} of X-Forwarded-For`
}
