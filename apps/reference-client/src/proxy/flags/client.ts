import { readFile } from 'node:fs/promises'
import type { PreRegisteredClient } from '@evergrant/client'
import { CliError } from '../../lib/errors.ts'
import { isRecord } from '../messages/message.ts'
import { replaceVariables } from './headers.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `--static-oauth-client-info`.
 *
 * @throws CliError `USAGE`
 */
export async function readClientInfo(
  given: string,
  env: Environment,
): Promise<PreRegisteredClient> {
  const flag = '--static-oauth-client-info'
  const value = await readJsonFlag(flag, given, env)
  const { client_id: clientId, client_secret: clientSecret } = value
  if (typeof clientId !== 'string' || clientId === '') {
    throw new CliError('USAGE', `The option ${flag} has no "client_id". Add it.`)
  }
  const method = value['token_endpoint_auth_method']
  return {
    clientId,
    ...(typeof clientSecret === 'string' && clientSecret !== '' ? { clientSecret } : {}),
    ...(isAuthMethod(method) ? { tokenEndpointAuthMethod: method } : {}),
  }
}

/** What `--static-oauth-client-metadata` says. */
export interface StaticMetadata {
  readonly scope: string | undefined
  /** Members that have no effect. */
  readonly ignored: readonly string[]
}

/**
 * Reads `--static-oauth-client-metadata`.
 *
 * @throws CliError `USAGE`
 */
export async function readClientMetadata(given: string, env: Environment): Promise<StaticMetadata> {
  const value = await readJsonFlag('--static-oauth-client-metadata', given, env)
  const { scope, ...others } = value
  return { scope: typeof scope === 'string' ? scope : undefined, ignored: Object.keys(others) }
}

async function readJsonFlag(
  flag: string,
  given: string,
  env: Environment,
): Promise<Readonly<Record<string, unknown>>> {
  const text = given.startsWith('@') ? await readGivenFile(flag, given.slice(1)) : given
  let value: unknown
  try {
    // Editors on Windows start files with a byte order mark, which `trim` removes.
    value = JSON.parse(text.trim())
  } catch {
    throw new CliError(
      'USAGE',
      `The option ${flag} cannot be used: it is not JSON (expected an object, or @ and the path of a file). Correct it.`,
    )
  }
  if (!isRecord(value)) {
    throw new CliError(
      'USAGE',
      `The option ${flag} cannot be used: it is not a JSON object. Correct it.`,
    )
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      typeof one === 'string' ? replaceVariables(one, env, `the option ${flag}`) : one,
    ]),
  )
}

async function readGivenFile(flag: string, file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError(
      'USAGE',
      `The option ${flag} cannot be used: ${JSON.stringify(file)} cannot be read. Check the path and its permissions.`,
      { cause },
    )
  })
}

function isAuthMethod(
  value: unknown,
): value is NonNullable<PreRegisteredClient['tokenEndpointAuthMethod']> {
  return value === 'none' || value === 'client_secret_basic' || value === 'client_secret_post'
}
