/**
 * Writes the products of the playground: the metadata that the reference server serves when it
 * emulates each product. With `--check`, only reports whether the file is up to date.
 *
 *     node --conditions=workspace:source scripts/playground-presets.ts [--check]
 */
import { providers } from '../docs/providers/data/index.ts'
import { emulatedServers } from '../apps/reference-as/src/emulation/servers/catalog.ts'
import { startAuthorizationServer } from '../apps/reference-as/src/index.ts'
import { writeGeneratedFile } from './generated-page.ts'

/** The pages of providers by the name of the emulated server. Their issuers are recognized. */
const pages = new Map(providers.map((provider) => [provider.emulated, provider]))
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
  /** The page of the site that says what is known about it. */
  readonly page: string
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
    const provider = pages.get(name)
    products.push({
      id: name,
      name: provider?.name ?? product,
      page:
        provider === undefined
          ? `/reference/emulated-servers#${name}`
          : `/providers/${provider.id}`,
      ...(profiles[name] === undefined ? {} : { profile: profiles[name] }),
      metadata: await metadataOf(name, provider?.exampleIssuer ?? unknownIssuer),
    })
  }
  return products.toSorted((one, other) => one.name.localeCompare(other.name, 'en'))
}

/** The document as the reference server serves it, with the issuer of the product. */
async function metadataOf(
  emulate: string,
  issuer: string,
): Promise<Readonly<Record<string, unknown>>> {
  const server = await startAuthorizationServer({ demo: true, databasePath: ':memory:', emulate })
  try {
    const document = await fetchMetadata(server.issuer)
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
