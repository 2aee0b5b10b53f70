import type { IncomingMessage } from 'node:http'
import { parse } from 'node:querystring'

/** The form of a refresh request by a public client. */
export interface PlainForm {
  readonly clientId: string
  readonly refreshToken: string
  readonly resource: string | undefined
}

/** A refresh request has a few hundred bytes. */
const maximumBytes = 8 * 1024

const formType = /^application\/x-www-form-urlencoded(?:; ?charset=utf-8)?$/i

/**
 * Headers that change what a token request means: another way to authenticate, a proof, a page of
 * another origin, an encoded body.
 */
const meaningfulHeaders = [
  'authorization',
  'dpop',
  'oauth-client-attestation',
  'oauth-client-attestation-pop',
  'origin',
  'content-encoding',
  'transfer-encoding',
] as const

const parameters: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'refresh_token',
  'resource',
])

/**
 * Reads a refresh request that has nothing but the parameters of one. `undefined` for every other
 * request, whose body is then still unread.
 */
export async function readPlainForm(request: IncomingMessage): Promise<PlainForm | undefined> {
  const { headers } = request
  if (!formType.test(headers['content-type'] ?? '')) return undefined
  if (meaningfulHeaders.some((name) => headers[name] !== undefined)) return undefined
  const length = Number(headers['content-length'])
  if (!(length > 0 && length <= maximumBytes)) return undefined
  const body = await peek(request, length)
  return body === undefined ? undefined : plainFormIn(body.toString())
}

function plainFormIn(body: string): PlainForm | undefined {
  const form = parse(body)
  // An array is a repeated parameter.
  const isPlain = Object.entries(form).every(
    ([name, value]) => parameters.has(name) && typeof value === 'string' && value !== '',
  )
  const { grant_type: grantType, client_id: clientId, refresh_token: refreshToken, resource } = form
  if (!isPlain || grantType !== 'refresh_token') return undefined
  if (typeof clientId !== 'string' || typeof refreshToken !== 'string') return undefined
  return { clientId, refreshToken, resource: typeof resource === 'string' ? resource : undefined }
}

/** Reads the body and puts it back, so that the engine can read it. `undefined`: the client left. */
async function peek(request: IncomingMessage, length: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let received = 0
  while (received < length) {
    const chunk: unknown = request.read()
    if (chunk instanceof Buffer) {
      chunks.push(chunk)
      received += chunk.byteLength
    } else {
      if (request.destroyed) return undefined
      await becomesReadable(request)
    }
  }
  const [first, ...rest] = chunks
  const body = first === undefined || rest.length > 0 ? Buffer.concat(chunks) : first
  // In the same turn as the last read: a stream that was read to its end is over in the next one.
  request.unshift(body)
  return body
}

/** Resolves when there is more to read, or nothing more will come. */
async function becomesReadable(request: IncomingMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      request.off('readable', done).off('close', done)
      resolve()
    }
    request.on('readable', done).on('close', done)
  })
}
