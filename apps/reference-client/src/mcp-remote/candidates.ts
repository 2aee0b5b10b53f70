import type { PreRegisteredClient } from '@evergrant/client'
import type { CliEnvironment } from '../lib/environment.ts'
import { readClientInfo } from '../proxy/flags/client.ts'
import { readHeaderFlags } from '../proxy/flags/headers.ts'
import { parseProxyArguments } from '../proxy/flags/parse.ts'
import { readParameters, readSettings } from '../proxy/flags/settings.ts'
import { mcpRemoteHash } from './store-names.ts'

/** A server that a stored sign-in may belong to. */
export interface Candidate {
  readonly serverUrl: string
  readonly hash: string
  /** The profile that the proxy uses with the same options; `undefined` for the default. */
  readonly profile: string | undefined
  /** The client that an option names. */
  readonly client: PreRegisteredClient | undefined
  /** Why no sign-in can be taken over, although the entry is known. */
  readonly problem: string | undefined
}

/**
 * Reads the arguments of mcp-remote as the proxy would.
 *
 * @returns `undefined` if they name no URL.
 */
export async function candidateOf(
  args: readonly string[],
  env: CliEnvironment['env'],
): Promise<Candidate | undefined> {
  const serverUrl = args.find((one) => /^https?:\/\//.test(one))
  if (serverUrl === undefined || !URL.canParse(serverUrl)) return undefined
  const parsed = parseProxyArguments(args)
  const plain = {
    serverUrl,
    hash: mcpRemoteHash({ serverUrl }),
    profile: undefined,
    client: undefined,
  }
  if (parsed === undefined) {
    return { ...plain, problem: 'its options are not those of mcp-remote 0.15.1' }
  }
  const { flags } = parsed
  try {
    const headers = await readHeaderFlags(flags.header ?? [], flags.headerFile ?? [])
    const hash = mcpRemoteHash({
      serverUrl,
      resource: flags.resource === '' ? undefined : flags.resource,
      authorizeParams: readParameters(flags.authorizeParam ?? []),
      headers,
      clientMetadataUrl: flags.clientMetadataUrl,
    })
    const { signIn } = await readSettings(serverUrl, undefined, flags, env)
    const info = flags.staticOauthClientInfo
    return {
      serverUrl,
      hash,
      profile: signIn?.separateProfile,
      client: info === undefined ? undefined : await readClientInfo(info, env),
      problem: signIn === undefined ? 'its entry sends its own Authorization header' : undefined,
    }
  } catch (error) {
    return { ...plain, problem: error instanceof Error ? error.message : 'unknown reason' }
  }
}
