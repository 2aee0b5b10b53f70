import type { BearerChallenge } from '@evergrant/core'
import { parseChallenges, readBearerChallenge, readErrorWords } from '@evergrant/core'
import type { AccessToken } from '../grant/access-token.ts'
import { abortable } from '../lib/abortable.ts'
import { quoteWords } from '../lib/errors.ts'
import { parseJson } from '../protocol/http.ts'
import { createRedactor } from '../protocol/redact-secrets.ts'

/** A response of the MCP server that rejects the token: a 401, or a 403 `invalid_token`. */
export interface Refusal {
  readonly status: number
  readonly challenge: BearerChallenge | undefined
  /** The server's words, quoted; empty if it gives no reason. */
  readonly words: string
}

/** The challenge, without the token that it rejects: some servers echo it (C-06). */
export function readChallenge(
  response: Response,
  token: AccessToken | undefined,
): BearerChallenge | undefined {
  const redact = createRedactor([token?.value])
  const challenges = parseChallenges(response.headers.get('www-authenticate'))
  return readBearerChallenge(
    challenges.map((challenge) => ({
      ...challenge,
      parameters: new Map([...challenge.parameters].map(([name, value]) => [name, redact(value)])),
    })),
  )
}

/** Reads a refusal and releases its connection. */
export async function readRefusal(
  response: Response,
  challenge: BearerChallenge | undefined,
  token: AccessToken | undefined,
): Promise<Refusal> {
  const { status } = response
  const { error, error_description: description } = challenge ?? {}
  const stated = description ?? (await readBodyWords(response, token))
  await releaseConnection(response)
  return { status, challenge, words: quoteWords(error, stated) }
}

export async function releaseConnection(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}

const maximumBodyCharacters = 8192
const maximumBodyMilliseconds = 1000

/** The words of a JSON body. A body that is long, slow, or of another type, has none. */
async function readBodyWords(
  response: Response,
  token: AccessToken | undefined,
): Promise<string | undefined> {
  if (!/\bjson\b/i.test(response.headers.get('content-type') ?? '')) return undefined
  const timeout = AbortSignal.timeout(maximumBodyMilliseconds)
  const text = await abortable(firstCharacters(response), timeout).catch(() => '')
  const { error, description } = readErrorWords(parseJson(createRedactor([token?.value])(text)))
  return description ?? error
}

async function firstCharacters({ body }: Response): Promise<string> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maximumBodyCharacters) return ''
  }
  return text + decoder.decode()
}
