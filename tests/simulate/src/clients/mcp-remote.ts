import type { OAuthClientProvider, StoredOAuthTokens } from '@modelcontextprotocol/client'
import { refreshAuthorization } from '@modelcontextprotocol/client'
import { resource } from '../server/mcp-server.ts'
import { endpointsOf } from '../server/metadata.ts'
import type { Life } from '../world/machine.ts'
import type { Client, ClientContext, Surroundings } from './client.ts'
import type { FileV2 } from './sdk-v2.ts'
import { processV2 } from './sdk-v2.ts'
import { preregistered } from './token-file.ts'

/** The numbers of mcp-remote 0.15.1. */
const marginSeconds = 60
const leaseSeconds = 30
const pollSeconds = 0.2

interface Lease {
  readonly life: Life
  readonly takenAt: number
}

/**
 * The rule of mcp-remote 0.15.1 as a model, over the real OAuth of SDK 2.x, which it contains:
 *
 * - Each request reads the token file. In the last minute of a token, and after it, the request
 *   refreshes first.
 * - A lease in a file lets one process refresh. The others wait until the file has a fresh token, or
 *   until the lease ends. The process with the lease reads the refresh token again.
 * - If that refresh fails in any way, the stored token is sent. After a 401, the SDK does what it does:
 *   it refreshes without the lease, deletes the tokens after `invalid_grant`, and opens the page after
 *   any failure.
 * - A refresh repeats the granted scope.
 */
export function mcpRemote(context: ClientContext): Client {
  const { world } = context
  const file: FileV2 = { client: preregistered(context), tokens: undefined }
  const lease: { current: Lease | undefined } = { current: undefined }

  const expiry = (): number | undefined =>
    file.tokens && world.as.expiryOf(file.tokens.access_token)

  return {
    reset() {
      file.tokens = undefined
    },
    aheadSeconds: marginSeconds,
    remembersToken: false,
    expiryFor: expiry,
    start: (surroundings) =>
      processV2(context, file, surroundings, (provider) =>
        withProactiveRefresh(provider, { context, file, lease, surroundings, expiry }),
      ),
  }
}

interface Shared {
  readonly context: ClientContext
  readonly file: FileV2
  readonly lease: { current: Lease | undefined }
  readonly surroundings: Surroundings
  readonly expiry: () => number | undefined
}

function withProactiveRefresh(provider: OAuthClientProvider, shared: Shared): OAuthClientProvider {
  const { file, expiry, context } = shared
  let inFlight: Promise<StoredOAuthTokens | undefined> | undefined

  const isFresh = (): boolean => context.world.nowEpochSeconds() < (expiry() ?? 0) - marginSeconds

  return {
    ...provider,
    addClientAuthentication: (_headers, parameters) => {
      const clientId = file.client?.client_id
      if (clientId !== undefined) parameters.set('client_id', clientId)
      const scope = file.tokens?.scope
      if (parameters.get('grant_type') === 'refresh_token' && scope !== undefined) {
        parameters.set('scope', scope)
      }
    },
    async tokens() {
      if (file.tokens?.refresh_token === undefined || isFresh()) return file.tokens
      inFlight ??= refreshOncePerHost(shared, isFresh).finally(() => {
        inFlight = undefined
      })
      return (await inFlight) ?? file.tokens
    },
  }
}

async function refreshOncePerHost(
  shared: Shared,
  isFresh: () => boolean,
): Promise<StoredOAuthTokens | undefined> {
  const { file, lease, surroundings, context } = shared
  const now = (): number => context.world.timeline.now()
  const isLive = (held: Lease | undefined): boolean =>
    held !== undefined && held.life.isAlive() && now() - held.takenAt < leaseSeconds

  while (isLive(lease.current)) {
    await pause(shared, pollSeconds)
    if (isFresh()) return file.tokens
    // The holder failed. An abandoned lease, in contrast, is taken over.
    if (lease.current === undefined) return undefined
  }
  const mine: Lease = { life: surroundings.life, takenAt: now() }
  lease.current = mine
  try {
    return await refresh(shared)
  } catch {
    return undefined
  } finally {
    if (lease.current === mine) lease.current = undefined
  }
}

async function refresh({
  file,
  surroundings,
  context,
}: Shared): Promise<StoredOAuthTokens | undefined> {
  const { client, tokens } = file
  if (client === undefined || tokens?.refresh_token === undefined) return undefined
  const { issuer } = context.world.as
  const endpoints = endpointsOf({ issuer })
  const refreshed = await refreshAuthorization(issuer, {
    metadata: {
      issuer,
      authorization_endpoint: endpoints.authorization,
      token_endpoint: endpoints.token,
      response_types_supported: ['code'],
    },
    clientInformation: client,
    refreshToken: tokens.refresh_token,
    resource: new URL(resource),
    fetchFn: surroundings.fetch,
    ...(tokens.scope === undefined ? {} : { scope: tokens.scope }),
  })
  file.tokens = { ...refreshed, ...(tokens.issuer === undefined ? {} : { issuer: tokens.issuer }) }
  return file.tokens
}

/** A process that has ended never continues. */
function pause({ surroundings, context }: Shared, seconds: number): Promise<void> {
  const { machine, timeline } = context.world
  return new Promise((resolve) => {
    machine.at(timeline.now() + seconds, () => {
      if (surroundings.life.isAlive()) resolve()
    })
  })
}
