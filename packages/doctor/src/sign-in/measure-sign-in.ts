import type { Clock } from '@evergrant/client'
import { systemClock } from '@evergrant/client'
import { isClientIdMetadataUrl } from '@evergrant/core/registration'
import { limits } from '../observations/limits.ts'
import type { Measurement } from '../observations/measurement.ts'
import type { Exchange, Observations } from '../observations/observations.ts'
import { initializeRequest } from '../probe/mcp-server.ts'
import { readAccessToken } from './access-token.ts'
import type { CapturedSignIn } from './captured-sign-in.ts'
import { cleanUp } from './clean-up.ts'
import type { Created } from './clean-up.ts'
import type { GrantUnderTest, WaitOptions } from './grant-under-test.ts'
import { measureRefresh } from './measure-refresh.ts'
import { measureReuse } from './measure-reuse.ts'
import { measureRevocation } from './measure-revocation.ts'
import { signInForMeasurement } from './sign-in.ts'
import type { NewGrant, SignInSetup } from './sign-in.ts'
import type { SendOptions } from './token-client.ts'
import { inventedToken } from '../lib/names.ts'

/** Options of {@link measureSignIn}. */
export interface MeasureOptions extends SignInSetup {
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly clock?: Clock | undefined
  readonly requestTimeoutMilliseconds?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Also present superseded refresh tokens, on a second grant that may end by that. */
  readonly invasive?: boolean | undefined
  /** The longest wait for a rotation or for the end of a grace. Default 90. */
  readonly maximumWaitSeconds?: number | undefined
  /** Receives a sentence before each step, for the user. */
  readonly progress?: ((text: string) => void) | undefined
}

const defaultMaximumWaitSeconds = 90

/**
 * Signs in for real, measures what happens to the tokens, and revokes everything that it created.
 *
 * @param observations - What the check without a sign-in observed.
 * @returns The observations with the measurement, and with its requests.
 * @throws EvergrantClientError if the sign-in fails
 */
export async function measureSignIn(
  serverUrl: string,
  observations: Observations,
  options: MeasureOptions,
): Promise<Observations> {
  const clock = options.clock ?? systemClock
  const exchanges: Exchange[] = []
  const send: SendOptions = {
    fetch: options.fetch ?? globalThis.fetch,
    requestTimeoutMilliseconds: options.requestTimeoutMilliseconds ?? limits.requestMilliseconds,
    signal: options.signal,
    nowEpochSeconds: () => clock.nowEpochSeconds(),
    startedAtEpochSeconds: observations.observedAtEpochSeconds,
    record(exchange) {
      if (exchanges.length < limits.exchanges) exchanges.push(exchange)
    },
  }
  const wait: WaitOptions = {
    clock,
    signal: options.signal,
    maximumWaitSeconds: options.maximumWaitSeconds ?? defaultMaximumWaitSeconds,
  }
  const say = options.progress ?? (() => undefined)
  const created: Created[] = []
  const signIn = async (): Promise<NewGrant> => {
    const captured: CapturedSignIn = {}
    created.push({ captured })
    const made = await signInForMeasurement(serverUrl, observations, options, send, captured)
    created.splice(-1, 1, { captured, grant: made.grant })
    return made
  }
  let measured: Omit<Measurement, 'cleanUp'> | undefined
  let done: Measurement | undefined
  try {
    say('Signing in.')
    measured = await measureGrant(await signIn(), serverUrl, send, wait, say)
    if (options.invasive === true && measured.refreshToken === 'issued') {
      say('Signing in again, for the test of superseded tokens.')
      const { grant } = await signIn()
      say(`Presenting a superseded token. This takes up to ${wait.maximumWaitSeconds} s.`)
      const reuse = await measureReuse(grant, wait)
      if (reuse !== undefined) measured = { ...measured, reuse }
    }
  } finally {
    say('Revoking everything that was created.')
    const result = await cleanUp(created, observations, { ...send, signal: undefined })
    if (measured !== undefined) done = { ...measured, cleanUp: result }
  }
  return {
    ...observations,
    exchanges: [...observations.exchanges, ...exchanges],
    ...(done === undefined ? {} : { measurement: done }),
  }
}

async function measureGrant(
  { grant, result, captured }: NewGrant,
  serverUrl: string,
  send: SendOptions,
  wait: WaitOptions,
  say: (text: string) => void,
): Promise<Omit<Measurement, 'cleanUp'>> {
  const { first } = grant
  const tryToken = async (token: string): Promise<number | undefined> =>
    await statusWith(token, serverUrl, send)
  const mcpServerStatus = await tryToken(first.access_token)
  say('Measuring refreshes.')
  const refresh = grant.refreshToken === undefined ? undefined : await measureRefresh(grant, wait)
  const invalid = await grant.client.refresh(inventedToken, {}, 'present an invalid token')
  say('Measuring the revocation.')
  const revocation = await measureRevocation(grant, tryToken, wait)
  return {
    issuer: grant.issuer,
    isPublicClient: isPublic(captured),
    registration: registrationOf(captured),
    iss: issOf(captured, grant.issuer),
    ...(grant.requestedScope === undefined ? {} : { requestedScope: grant.requestedScope }),
    accessToken: {
      ...readAccessToken(first),
      ...(mcpServerStatus === undefined ? {} : { mcpServerStatus }),
    },
    refreshToken: result.refreshToken,
    ...(result.noRefreshTokenReason === undefined
      ? {}
      : { noRefreshTokenReason: result.noRefreshTokenReason }),
    announced: announcedBy(grant),
    ...(refresh === undefined ? {} : { refresh }),
    invalidToken: invalid.trial,
    revocation,
  }
}

function announcedBy({ first: { lifetimes } }: GrantUnderTest): Readonly<Record<string, number>> {
  const found = [lifetimes?.refreshToken, lifetimes?.authorization].filter(
    (one) => one !== undefined,
  )
  return Object.fromEntries(found.map(({ source, seconds }) => [source, seconds]))
}

function registrationOf({
  registration,
  tokenRequest,
}: CapturedSignIn): Measurement['registration'] {
  if (registration !== undefined) return 'dynamic'
  const clientId = tokenRequest?.form.get('client_id') ?? ''
  return isClientIdMetadataUrl(clientId) ? 'client-id-metadata-document' : 'pre-registered'
}

function isPublic({ tokenRequest }: CapturedSignIn): boolean {
  return (
    tokenRequest?.headers.get('authorization') === null && !tokenRequest.form.has('client_secret')
  )
}

function issOf({ callback }: CapturedSignIn, issuer: string): Measurement['iss'] {
  const iss = callback?.searchParams.get('iss') ?? undefined
  if (iss === undefined) return 'absent'
  return iss === issuer ? 'sent' : 'wrong'
}

async function statusWith(
  accessToken: string,
  serverUrl: string,
  { fetch, requestTimeoutMilliseconds, signal }: SendOptions,
): Promise<number | undefined> {
  const { url, method, headers, body } = initializeRequest(serverUrl)
  const timeout = AbortSignal.timeout(requestTimeoutMilliseconds)
  try {
    const response = await fetch(url, {
      method: method ?? 'POST',
      headers: { ...headers, authorization: `Bearer ${accessToken}` },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    await response.body?.cancel()
    return response.status
  } catch {
    if (signal?.aborted === true) throw signal.reason
    return undefined
  }
}
