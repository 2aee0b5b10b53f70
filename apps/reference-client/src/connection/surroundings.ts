import { proxyFetch } from '@evergrant/client/proxy-fetch'
import type { CliEnvironment } from '../lib/environment.ts'
import type { SentCredentials } from '../output/sent-credentials.ts'
import type { TraceRecorder } from '../trace/recorder.ts'

/** The profile that a command uses: one of several accounts at the same servers. */
export interface ChosenProfile {
  readonly profile: string
  /** Whether the user named it. */
  readonly hasProfile: boolean
}

/** What every command works with, also one that uses no stored sign-in. */
export interface Surroundings extends Pick<SentCredentials, 'redact'>, ChosenProfile {
  readonly environment: CliEnvironment
  /** Sends every request, through the proxy of the environment if one is set. */
  readonly fetch: typeof globalThis.fetch
  /** With `--trace`: records what the command does. */
  readonly trace: TraceRecorder | undefined
  /** Writes a line for the user to stderr. */
  readonly say: (text: string) => void
}

/**
 * @throws EvergrantClientError `INVALID_OPTION` for a proxy that cannot be used.
 */
export function createSurroundings(
  environment: CliEnvironment,
  credentials: SentCredentials,
  { profile, hasProfile }: ChosenProfile,
  trace: TraceRecorder | undefined,
): Surroundings {
  const send = credentials.recording(proxyFetch(environment.env))
  return {
    environment,
    profile,
    hasProfile,
    redact: credentials.redact,
    fetch: trace === undefined ? send : trace.recording(send),
    trace,
    say: (text) => environment.stderr(`${text}\n`),
  }
}
