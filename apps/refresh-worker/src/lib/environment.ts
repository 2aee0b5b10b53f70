/** The surroundings of a command line: the process, or buffers in a test. */
export interface CliEnvironment {
  /** Receives results: of `status`, `reencrypt` and `--help`. */
  readonly stdout: (text: string) => void
  /** Receives the log and error messages. */
  readonly stderr: (text: string) => void
  /** Environment variables. Those called `EVERGRANT_WORKER_*` are options. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts when the program must stop in order. */
  readonly signal: AbortSignal
}

/** Exit codes. */
export const exitCodes = {
  /** Done, or stopped in order. */
  done: 0,
  /** Only of `reencrypt`: records of older keys remain. */
  incomplete: 1,
  usage: 2,
  /** The store is not prepared: the table is missing, or the key is a different one. */
  notPrepared: 3,
  failed: 4,
  /** Ended by a second signal, or `reencrypt` by the first. */
  interrupted: 130,
} as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
