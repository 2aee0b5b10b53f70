import { resource, resourceScope } from '../server/mcp-server.ts'
import type { AuthorizationServer } from '../server/authorization-server.ts'
import { preregisteredClientId } from '../server/authorization-server.ts'
import { endpointsOf } from '../server/metadata.ts'
import type { Life } from '../world/machine.ts'
import type { Client, ClientContext, Surroundings } from './client.ts'

/** Why a client that makes no mistake signs in. */
export type ForcedReason = 'first-sign-in' | 'no-refresh-token' | 'idle' | 'absolute' | 'lost'

export type ForcedSignIns = Readonly<Record<ForcedReason, number>>

interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/**
 * What the server forces: a client that makes no mistake, as far as a client can know. It requests
 * whatever makes this product issue a refresh token, refreshes once when a call meets an expired access
 * token, repeats a refresh that got no answer at once, saves before anything else, waits out an outage,
 * and signs in only when the server has refused its refresh token or has not issued one. It is a model:
 * all calls of all processes share its memory.
 */
export function perfect(context: ClientContext): Client & { readonly forced: ForcedSignIns } {
  const { world } = context
  const { as } = world
  const forced: Record<ForcedReason, number> = {
    'first-sign-in': 0,
    'no-refresh-token': 0,
    idle: 0,
    absolute: 0,
    lost: 0,
  }
  let tokens: Tokens | undefined
  let clientId = as.registersClients ? undefined : preregisteredClientId
  const oneAtATime = createTurns()

  async function signIn(surroundings: Surroundings, reason: ForcedReason): Promise<boolean> {
    clientId ??= await register(surroundings, as.issuer)
    const open = (url: string): Promise<URL> =>
      new Promise((resolve) => {
        context.user.open(surroundings.life, url, resolve)
      })
    const url = bestRequest(as, clientId)
    if (url === undefined) return false
    const code = (await open(url)).searchParams.get('code')
    if (code === null) return false
    const response = await post(surroundings, as.issuer, {
      grant_type: 'authorization_code',
      code,
      client_id: clientId,
    })
    if (response === undefined || !response.ok) return false
    tokens = await tokensOf(response)
    forced[reason] += 1
    return true
  }

  async function refresh(surroundings: Surroundings, refreshToken: string): Promise<boolean> {
    const response = await post(surroundings, as.issuer, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: clientId ?? '',
    })
    // Once more at once, as long as the server may accept the token again.
    const again =
      response ??
      (await post(surroundings, as.issuer, {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: clientId ?? '',
      }))
    if (again === undefined || again.status >= 500) return false
    if (again.ok) {
      tokens = await tokensOf(again, refreshToken)
      return true
    }
    const refusal = as.lastRefusal()
    return await signIn(
      surroundings,
      refusal === 'idle' || refusal === 'absolute' ? refusal : 'lost',
    )
  }

  async function usable(surroundings: Surroundings): Promise<boolean> {
    if (tokens === undefined) return await signIn(surroundings, 'first-sign-in')
    if (as.isGood(tokens.accessToken)) return true
    const { refreshToken } = tokens
    if (refreshToken === undefined) return await signIn(surroundings, 'no-refresh-token')
    return await refresh(surroundings, refreshToken)
  }

  return {
    forced,
    aheadSeconds: 0,
    remembersToken: false,
    expiryFor: () => tokens && as.expiryOf(tokens.accessToken),
    start(surroundings) {
      return {
        call: () => oneAtATime(surroundings.life, () => usable(surroundings)),
      }
    },
    reset() {
      throw new Error('The client of the minimum is stuck.')
    },
  }
}

/** One call after the other. A call of a process that ends gives its turn to the next one. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve()
  return async function inTurn<Result>(life: Life, run: () => Promise<Result>): Promise<Result> {
    const before = last
    const ended = new Promise<void>((resolve) => {
      life.onEnd(resolve)
    })
    const result = before.then(() => (life.isAlive() ? run() : new Promise<never>(() => {})))
    last = before.then(() => Promise.race([result, ended]))
    return await result
  }
}

/** The request that brings a refresh token, otherwise one that brings an access token. */
function bestRequest(as: AuthorizationServer, clientId: string): string | undefined {
  const scopes = [`${resourceScope} offline_access`, resourceScope]
  const extras = [{ prompt: 'consent', access_type: 'offline' }, { prompt: 'consent' }, {}]
  const resources = [{ resource }, {}]
  const requests = scopes.flatMap((scope) =>
    extras.flatMap((extra) =>
      resources.map((one) => new URLSearchParams({ scope, ...extra, ...one })),
    ),
  )
  const approved = requests.flatMap((query) => {
    const result = as.preview(clientId, query)
    return 'approval' in result ? [{ query, approval: result.approval }] : []
  })
  const best = approved.find(({ approval }) => approval.limits !== undefined) ?? approved[0]
  if (best === undefined) return undefined
  best.query.set('client_id', clientId)
  best.query.set('redirect_uri', 'http://127.0.0.1:8090/callback')
  return `${endpointsOf(as).authorization}?${best.query.toString()}`
}

async function tokensOf(response: Response, previous?: string): Promise<Tokens> {
  const body = (await response.json()) as {
    readonly access_token: string
    readonly refresh_token?: string
  }
  return { accessToken: body.access_token, refreshToken: body.refresh_token ?? previous }
}

/** @returns `undefined` without an answer. */
async function post(
  { fetch }: Surroundings,
  issuer: string,
  form: Readonly<Record<string, string>>,
): Promise<Response | undefined> {
  return await fetch(endpointsOf({ issuer }).token, {
    method: 'POST',
    body: new URLSearchParams(form),
  }).catch(() => undefined)
}

async function register({ fetch }: Surroundings, issuer: string): Promise<string> {
  const response = await fetch(endpointsOf({ issuer }).registration, {
    method: 'POST',
    body: JSON.stringify({
      grant_types: ['authorization_code', 'refresh_token'],
      scope: `${resourceScope} offline_access`,
    }),
  })
  return ((await response.json()) as { readonly client_id: string }).client_id
}
