import type { PreRegisteredClient } from '@evergrant/client'
import { isObject } from '../lib/is-object.ts'
import type { GivenOptions } from './given-options.ts'
import { textOf } from './given-options.ts'
import { readSmallFile, unusable } from './read-small-file.ts'

/** Clients that were registered by hand, by issuer. */
export type RegisteredClients = Readonly<Record<string, PreRegisteredClient>>

const methods = ['none', 'client_secret_basic', 'client_secret_post'] as const
const members: ReadonlySet<string> = new Set([
  'clientId',
  'clientSecret',
  'tokenEndpointAuthMethod',
])

/** @throws WorkerError `FILE_UNUSABLE` */
export async function readClients(given: GivenOptions): Promise<RegisteredClients | undefined> {
  const file = textOf(given, 'client-file')
  if (file === undefined) return undefined
  const source = given('client-file')?.source ?? ''
  const value = parseJson((await readSmallFile(file, source)).toString('utf8'))
  if (!isObject(value)) {
    throw unusable(
      file,
      source,
      'it is not a JSON object (expected {"https://as.example": {"clientId": "…", "clientSecret": "…"}})',
    )
  }
  const clients = Object.entries(value).map(([issuer, client]) => {
    const read = URL.canParse(issuer) ? readClient(client) : 'it is not the URL of an issuer'
    if (typeof read !== 'string') return [issuer, read] as const
    // The values can be secrets, so only the name of the entry is shown.
    throw unusable(file, source, `the entry ${JSON.stringify(issuer.slice(0, 200))}: ${read}`)
  })
  return Object.fromEntries(clients)
}

function readClient(value: unknown): PreRegisteredClient | string {
  if (!isObject(value)) return 'it is not an object'
  const { clientId, clientSecret, tokenEndpointAuthMethod } = value
  if (typeof clientId !== 'string' || clientId === '') return '"clientId" is missing'
  if (clientSecret !== undefined && typeof clientSecret !== 'string') {
    return '"clientSecret" is not a text'
  }
  const method = methods.find((one) => one === tokenEndpointAuthMethod)
  if (tokenEndpointAuthMethod !== undefined && method === undefined) {
    return `"tokenEndpointAuthMethod" is none of ${methods.join(', ')}`
  }
  if (Object.keys(value).some((member) => !members.has(member))) {
    return `it has an unknown member (expected ${[...members].join(', ')})`
  }
  return {
    clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(method === undefined ? {} : { tokenEndpointAuthMethod: method }),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
