import process from 'node:process'
import type { ForeignSignIn } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import { ProtocolError } from '@evergrant/core'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { candidateOf } from '../mcp-remote/candidates.ts'
import type { Candidate } from '../mcp-remote/candidates.ts'
import { mcpRemoteEntries } from '../mcp-remote/host-entries.ts'
import { mcpRemoteFolder, storedSignIns } from '../mcp-remote/stored-sign-ins.ts'
import type { StoredByMcpRemote } from '../mcp-remote/stored-sign-ins.ts'
import { commandName } from '../names.ts'

/** What happened to one sign-in of mcp-remote. */
interface ImportResult {
  readonly serverUrl: string | undefined
  readonly hash: string
  readonly outcome: 'taken-over' | 'not-taken-over'
  readonly profile?: string | undefined
  readonly why?: string
}

/**
 * Takes over the sign-ins that mcp-remote stored. Its files are only read. mcp-remote names them by a
 * hash, so a sign-in is found by the URL: a given one, or one in the configuration of a host.
 */
export async function importMcpRemote(
  serverUrls: readonly string[],
  app: App,
): Promise<CommandOutcome> {
  const { env } = app.environment
  const folder = mcpRemoteFolder(env)
  const stored = await storedSignIns(folder)
  const entries = await mcpRemoteEntries({ platform: process.platform, env })
  const given = [...serverUrls.map((url) => [url]), ...entries.map(({ args }) => args)]
  const candidates = new Map<string, Candidate>()
  for (const args of given) {
    const candidate = await candidateOf(args, env)
    if (candidate !== undefined && !candidates.has(candidate.hash)) {
      candidates.set(candidate.hash, candidate)
    }
  }
  const results: ImportResult[] = []
  for (const one of stored) results.push(await takeOver(one, candidates.get(one.hash), app))
  const hashes = new Set(stored.map(({ hash }) => hash))
  for (const url of serverUrls) {
    const candidate = await candidateOf([url], env)
    if (candidate !== undefined && hashes.has(candidate.hash)) continue
    const why = `mcp-remote has no sign-in for exactly this URL in ${folder}`
    results.push({ serverUrl: url, hash: candidate?.hash ?? '', outcome: 'not-taken-over', why })
  }
  const failed = results.some(({ outcome }) => outcome === 'not-taken-over')
  return {
    exitCode: failed ? exitCodes.failed : exitCodes.done,
    document: { folder, results },
    text: describe(folder, results),
  }
}

async function takeOver(
  stored: StoredByMcpRemote,
  candidate: Candidate | undefined,
  app: App,
): Promise<ImportResult> {
  const { hash } = stored
  const { serverUrl, profile } = candidate ?? {}
  function not(why: string): ImportResult {
    return { serverUrl, hash, profile, outcome: 'not-taken-over', why }
  }
  if (candidate === undefined) {
    return not('no URL leads to this name. Pass the URL as it is written in the configuration')
  }
  if (candidate.problem !== undefined) return not(candidate.problem)
  const signIn = readSignIn(stored, candidate)
  if (typeof signIn === 'string') return not(signIn)
  try {
    await app.session(candidate.serverUrl, { profile }).importSignIn(signIn)
    return { serverUrl, hash, profile, outcome: 'taken-over' }
  } catch (error) {
    if (EvergrantClientError.is(error) || ProtocolError.is(error)) return not(error.message)
    throw error
  }
}

/** Reads a stored sign-in, or says why it cannot be used. */
function readSignIn(
  { tokens, client }: StoredByMcpRemote,
  candidate: Candidate,
): ForeignSignIn | string {
  const accessToken = text(tokens?.['access_token'])
  if (tokens === undefined || accessToken === undefined) return 'its tokens cannot be read'
  if (!/^bearer$/i.test(text(tokens['token_type']) ?? 'bearer')) {
    return 'its tokens are not bearer tokens'
  }
  const expiresAt = Number(tokens['expires_at'] ?? Number.NaN)
  const clientId = candidate.client?.clientId ?? text(client?.['client_id'])
  if (clientId === undefined) return 'the client that it belongs to is not stored'
  const method = client?.['token_endpoint_auth_method']
  const redirectUris = client?.['redirect_uris']
  const redirectUri = Array.isArray(redirectUris) ? text(redirectUris[0]) : undefined
  return {
    issuer: text(tokens['issuer']) ?? text(client?.['issuer']),
    client: candidate.client ?? {
      clientId,
      clientSecret: text(client?.['client_secret']),
      tokenEndpointAuthMethod:
        method === 'none' || method === 'client_secret_basic' || method === 'client_secret_post'
          ? method
          : undefined,
      redirectUri,
    },
    accessToken,
    refreshToken: text(tokens['refresh_token']),
    scope: text(tokens['scope']),
    expiresAtEpochSeconds: Number.isFinite(expiresAt) ? Math.floor(expiresAt / 1000) : undefined,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function describe(folder: string, results: readonly ImportResult[]): string {
  if (results.length === 0) return `mcp-remote has stored no sign-in in ${folder}.`
  const lines = results.map(({ serverUrl, hash, outcome, profile, why = '' }) => {
    const name = serverUrl ?? `the sign-in ${hash}`
    const as = profile === undefined ? '' : ` (profile ${profile})`
    return outcome === 'taken-over'
      ? `Taken over: ${name}${as}`
      : `Not taken over: ${name}: ${why.replace(/\.$/, '')}.`
  })
  const advice = results.some(({ outcome }) => outcome === 'taken-over')
    ? [
        `The files of mcp-remote are unchanged. Replace mcp-remote by ${commandName} proxy in every host before you go on: two programs that refresh the same sign-in end it.`,
      ]
    : []
  return [...lines, ...advice].join('\n')
}
