import {
  authorizationServerMetadataUrls,
  protectedResourceMetadataUrls,
} from '@evergrant/core/metadata'
import type {
  AuthorizationServerMetadataLocation,
  ProtectedResourceMetadataLocation,
} from '@evergrant/core/metadata'
import { limits } from '../observations/limits.ts'
import type { Exchange } from '../observations/observations.ts'
import type { ProbeContext } from './probe-context.ts'
import { request } from './request.ts'
import type { RequestPlan } from './request.ts'

/** Gets the protected resource metadata at every location that a client tries. */
export async function probeResourceMetadata(
  serverUrl: string,
  challengeUrl: string | undefined,
  context: ProbeContext,
): Promise<readonly Exchange[]> {
  return await probeLocations(
    locationsOf(() => protectedResourceMetadataUrls(serverUrl, { challengeUrl })),
    { purpose: 'resource-metadata' },
    context,
  )
}

/** Gets the metadata of an authorization server at every location that a client tries. */
export async function probeServerMetadata(
  issuer: string,
  context: ProbeContext,
): Promise<readonly Exchange[]> {
  return await probeLocations(
    locationsOf(() => authorizationServerMetadataUrls(issuer)),
    { purpose: 'server-metadata', issuer },
    context,
  )
}

type Location = AuthorizationServerMetadataLocation | ProtectedResourceMetadataLocation

function locationsOf<Found extends Location>(find: () => readonly Found[]): readonly Found[] {
  try {
    return find()
  } catch {
    // A URL of a server that cannot be used. The rules report it.
    return []
  }
}

async function probeLocations(
  locations: readonly Location[],
  plan: Pick<RequestPlan, 'purpose' | 'issuer'>,
  context: ProbeContext,
): Promise<readonly Exchange[]> {
  const found = await Promise.all(
    locations.map(({ url, place }) => getDocument({ ...plan, url, place }, context)),
  )
  return found.flat()
}

/** Gets a document, and follows redirects within its origin, as clients do. */
export async function getDocument(
  plan: RequestPlan,
  context: ProbeContext,
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = []
  let { url } = plan
  for (let followed = 0; followed <= limits.redirects; followed += 1) {
    const exchange = await request(
      {
        ...plan,
        url,
        headers: { accept: 'application/json', ...plan.headers },
        maximumBytes: limits.documentBytes,
      },
      context,
    )
    exchanges.push(exchange)
    const location = exchange.answer?.headers['location']
    const status = exchange.answer?.status ?? 0
    if (status < 300 || status >= 400 || location === undefined) break
    if (!URL.canParse(location, url)) break
    const target = new URL(location, url)
    if (target.origin !== new URL(url).origin) break
    url = target.href
  }
  return exchanges
}
