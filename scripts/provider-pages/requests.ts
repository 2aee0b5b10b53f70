import { explainDecision, negotiateScope } from '../../packages/core/src/index.ts'
import { decidePkce, parseAuthorizationServerMetadata } from '../../packages/core/src/metadata.ts'
import { applyProviderProfile } from '../../packages/core/src/providers.ts'
import type { AuthorizationServerMetadata } from '../../packages/core/src/metadata.ts'
import type { Product } from './product.ts'

const resource = 'https://mcp.example.com/mcp'

/** The section about requests, computed by the negotiation that the client uses. */
export function requestsOf(product: Product): string {
  const { offlineAccess } = product.server.behaviors
  if (offlineAccess !== undefined)
    return shown(requestOf(product, offlineAccess.value === 'listed'))
  const listed = requestOf(product, true)
  const unlisted = requestOf(product, false)
  const { authorization } = unlisted
  if (JSON.stringify(authorization) === JSON.stringify(listed.authorization)) return shown(unlisted)
  return [
    'No source says whether the metadata lists `offline_access`. If it does:',
    shown(listed),
    `If it does not list it, the request has ${authorization.scope === undefined ? 'no scope' : `the scope \`${authorization.scope}\``} and ${authorization.prompt === undefined ? 'no `prompt`' : `\`prompt=${authorization.prompt}\``}.`,
  ].join('\n\n')
}

function requestOf(product: Product, listsOfflineAccess: boolean) {
  const { profile, provider } = product
  const metadata = metadataOf(product, listsOfflineAccess)
  const scope = provider.exampleScope ?? 'mcp:read'
  const decision = negotiateScope({
    challengeScope: scope,
    authorizationServer: metadata,
    client: { grant_types: ['authorization_code', 'refresh_token'] },
    profile,
  })
  const parameters = applyProviderProfile(profile, resource)
  const pkce = decidePkce(metadata, {
    knownProduct: profile.pkceS256 === 'known' ? profile.name : undefined,
  })
  return {
    scope,
    authorization: {
      scope: decision.scope,
      prompt: decision.prompt.prompt,
      resource: parameters.resource,
      ...parameters.authorizationParameters,
      code_challenge_method: pkce.action === 'use-s256' ? 'S256' : undefined,
    },
    refresh: {
      grant_type: 'refresh_token',
      scope: profile.refreshScope === 'granted' ? decision.scope : undefined,
      resource: parameters.resource,
    },
    reasons: [...explainDecision(decision), pkce.explanation, ...parameters.warnings],
  }
}

function shown({ scope, authorization, refresh, reasons }: ReturnType<typeof requestOf>): string {
  return [
    fence('Authorization request', authorization),
    fence('Refresh', refresh),
    'The reasons, rule by rule:',
    reasons
      .filter((reason) => !reason.startsWith('Result: '))
      .map((reason) => `- ${linked(reason).replaceAll(scope, `\`${scope}\``)}`)
      .join('\n'),
  ].join('\n\n')
}

/** A metadata document as the product publishes it, as far as that is known. */
function metadataOf(
  { provider, server }: Product,
  listsOfflineAccess: boolean,
): AuthorizationServerMetadata {
  const { exampleIssuer: issuer, isOpenIdProvider } = provider
  const endpoint = (name: string): string => `${issuer.replace(/\/$/, '')}/${name}`
  return parseAuthorizationServerMetadata(
    {
      issuer,
      authorization_endpoint: endpoint('authorize'),
      token_endpoint: endpoint('token'),
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      scopes_supported: [
        ...(isOpenIdProvider ? ['openid', 'profile'] : []),
        ...(listsOfflineAccess ? ['offline_access'] : []),
      ],
      ...(isOpenIdProvider
        ? {
            jwks_uri: endpoint('jwks'),
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['RS256'],
          }
        : {}),
      ...(server.behaviors.codeChallengeMethods?.value === 'absent'
        ? {}
        : { code_challenge_methods_supported: ['S256'] }),
    },
    issuer,
  ).metadata
}

function fence(title: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const width = Math.max(...Object.keys(parameters).map((name) => name.length))
  const lines = Object.entries(parameters).map(
    ([name, value]) => `${name.padEnd(width)}  ${value ?? '(not sent)'}`,
  )
  return [`\`\`\`text title="${title}"`, ...lines, '```'].join('\n')
}

/** Requirements as links. */
function linked(reason: string): string {
  return reason
    .replace(/[^.!?)\]]$/, '$&.')
    .replaceAll(
      /\[((?:[A-Z]-\d\d(?:, )?)+)\]/g,
      (_, ids: string) => `(${ids.split(', ').map(requirementLink).join(', ')})`,
    )
    .replaceAll(
      /(?<![`\w])(?:offline_access|prompt=consent|access_type=offline|code_challenge_methods_supported)(?![`\w])/g,
      '`$&`',
    )
}

function requirementLink(id: string): string {
  return `[${id}](../reference/requirements.md#${id.toLowerCase()})`
}
