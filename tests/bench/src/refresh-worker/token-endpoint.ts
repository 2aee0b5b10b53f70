/**
 * A token endpoint that takes 200 ms for each answer, as a program: it rotates every refresh token,
 * and notes which were presented twice or late. It reports when its parent asks.
 */
import { createServer } from 'node:http'
import process from 'node:process'
import { readRefreshToken, refreshToken } from './tokens.ts'

/** What the endpoint has seen. */
export interface EndpointReport {
  readonly answered: number
  /** Refresh tokens that were presented again. */
  readonly repeated: number
  /** Refreshes whose access token had expired. */
  readonly late: number
  readonly unknown: number
  readonly mostAtOnce: number
  /** When the first request arrived, and when the last was answered, in epoch seconds. */
  readonly firstEpochSeconds: number
  readonly lastEpochSeconds: number
}

/** How the endpoint behaves. */
export interface EndpointSettings {
  readonly answerAfterMilliseconds: number
  readonly expiresInSeconds: number
  /** The access token of user 0 expires then, that of the last user `spanSeconds` later. */
  readonly firstExpiryEpochSeconds: number
  readonly spanSeconds: number
  readonly users: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as EndpointSettings
const rotations = new Map<number, number>()
let [answered, repeated, late, unknown, atOnce, mostAtOnce] = [0, 0, 0, 0, 0, 0]
let firstEpochSeconds = 0
let lastEpochSeconds = 0

function expiresAt(user: number): number {
  const { firstExpiryEpochSeconds, spanSeconds, users } = settings
  return firstExpiryEpochSeconds + (user / users) * spanSeconds
}

/** The response for a refresh token, as JSON. */
function redeem(presented: string): string | undefined {
  const token = readRefreshToken(presented)
  if (token === undefined) {
    unknown += 1
    return undefined
  }
  const { user, rotation } = token
  const now = Date.now() / 1000
  if (firstEpochSeconds === 0) firstEpochSeconds = now
  if (rotation !== (rotations.get(user) ?? 0)) repeated += 1
  else if (rotation === 0 && now >= expiresAt(user)) late += 1
  rotations.set(user, rotation + 1)
  return JSON.stringify({
    access_token: `access-${user}-${rotation}-`.padEnd(800, 'x'),
    token_type: 'Bearer',
    expires_in: settings.expiresInSeconds,
    refresh_token: refreshToken(user, rotation + 1),
  })
}

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    body += chunk
  })
  request.on('end', () => {
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    const answer = redeem(new URLSearchParams(body).get('refresh_token') ?? '')
    setTimeout(() => {
      atOnce -= 1
      answered += 1
      lastEpochSeconds = Date.now() / 1000
      response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/json' })
      response.end(answer ?? '{"error":"invalid_grant"}')
    }, settings.answerAfterMilliseconds)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', 4096, () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined })
})
process.on('message', () => {
  const report: EndpointReport = {
    answered,
    repeated,
    late,
    unknown,
    mostAtOnce,
    firstEpochSeconds,
    lastEpochSeconds,
  }
  process.send?.(report)
})
process.on('disconnect', () => process.exit(0))
