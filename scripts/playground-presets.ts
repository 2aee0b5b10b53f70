/**
 * Writes the products of the playground: the metadata that the reference server serves when it
 * emulates each product. With `--check`, only reports whether the file is up to date.
 *
 *     node --conditions=evergrant:source scripts/playground-presets.ts [--check]
 */
import { providerProfiles, selectProviderProfile } from '../packages/core/src/index.ts'
import { emulatedServers } from '../apps/reference-as/src/emulation/servers/catalog.ts'
import { startAuthorizationServer } from '../apps/reference-as/src/index.ts'
import { writeGeneratedFile } from './generated-page.ts'

/** An issuer that is recognized, of a product that is. The others get {@link unknownIssuer}. */
const issuers: Readonly<Record<string, string>> = {
  auth0: 'https://example.auth0.com/',
  clerk: 'https://example.clerk.accounts.dev',
  cognito: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example',
  entra: 'https://login.microsoftonline.com/example/v2.0',
  github: 'https://github.com/login/oauth',
  google: 'https://accounts.google.com',
  hydra: 'https://example.projects.oryapis.com',
  keycloak: 'https://sso.example.com/realms/example',
  'keycloak-resource-indicators': 'https://sso.example.com/realms/example',
  logto: 'https://example.logto.app/oidc',
  okta: 'https://example.okta.com/oauth2/default',
  workos: 'https://example.authkit.app',
  zitadel: 'https://example.zitadel.cloud',
}
const unknownIssuer = 'https://as.example.com'

/** Profiles of products that cannot be recognized by their issuer. */
const profiles: Readonly<Record<string, string>> = {
  'django-oauth-toolkit': 'django-oauth-toolkit',
  spring: 'spring-authorization-server',
}

/** Members that a client reads. The others would only make the documents long. */
const members = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'scopes_supported',
  'response_types_supported',
  'grant_types_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'client_id_metadata_document_supported',
  'authorization_response_iss_parameter_supported',
]

interface Product {
  readonly id: string
  readonly name: string
  /** Whether the reference server emulates it. */
  readonly isEmulated: boolean
  /** Absent: the issuer shows the profile, or there is none. */
  readonly profile?: string
  readonly metadata: Readonly<Record<string, unknown>>
}

await writeGeneratedFile(
  'apps/docs/src/playground/products.json',
  `${JSON.stringify(await allProducts(), null, 2)}\n`,
  'playground-presets',
)

async function allProducts(): Promise<readonly Product[]> {
  const products: Product[] = []
  for (const { name, product } of emulatedServers) {
    products.push({
      id: name,
      name: product,
      isEmulated: true,
      ...(profiles[name] === undefined ? {} : { profile: profiles[name] }),
      metadata: await metadataOf(name, name),
    })
  }
  const covered = new Set(
    products.map(
      ({ id, profile }) => profile ?? selectProviderProfile(issuers[id] ?? unknownIssuer).id,
    ),
  )
  for (const { id, name } of providerProfiles) {
    if (covered.has(id)) continue
    products.push({ id, name, isEmulated: false, metadata: await metadataOf(id, undefined) })
  }
  return products.toSorted((one, other) => one.name.localeCompare(other.name, 'en'))
}

/** The document as the reference server serves it, with the issuer of the product. */
async function metadataOf(
  id: string,
  emulate: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const server = await startAuthorizationServer({ demo: true, databasePath: ':memory:', emulate })
  try {
    const document = await fetchMetadata(server.issuer)
    const issuer = issuers[id] ?? unknownIssuer
    const base = issuer.replace(/\/$/, '')
    return Object.fromEntries(
      members.flatMap((member) => {
        const value = member === 'issuer' ? issuer : document[member]
        if (value === undefined) return []
        const isUrl = typeof value === 'string' && value.startsWith(server.issuer)
        return [[member, isUrl ? `${base}${value.slice(server.issuer.length)}` : value]]
      }),
    )
  } finally {
    await server.close()
  }
}

async function fetchMetadata(issuer: string): Promise<Readonly<Record<string, unknown>>> {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const response = await fetch(`${issuer}/.well-known/${name}`)
    if (!response.ok || !/json/.test(response.headers.get('content-type') ?? '')) continue
    return (await response.json()) as Readonly<Record<string, unknown>>
  }
  throw new Error(`${issuer} serves no metadata.`)
}
