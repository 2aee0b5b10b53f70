/** What a command line runs in: the process in earnest, buffers in a test. */
export interface CliEnvironment {
  /** Receives the result, and with `--json` exactly one JSON document. */
  readonly stdout: (text: string) => void
  /** Receives progress, prompts and notices. */
  readonly stderr: (text: string) => void
  /** Environment variables; those of the README are read. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ctrl-C: ends the command, and leaves the store as it should be. */
  readonly signal?: AbortSignal | undefined
  /** Shows a page to the person. Without it the URL is only printed. */
  readonly openBrowser?: ((url: string) => void | Promise<void>) | undefined
  /** Whether a person is there to sign in during `tools` and `call`. Default `false`. */
  readonly isInteractive?: boolean | undefined
}

/** How a command ends. */
export const exitCodes = {
  done: 0,
  usage: 2,
  signInNeeded: 3,
  failed: 4,
  interrupted: 130,
} as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What a command has to say: printed as `document` with `--json`, else as `text`. */
export interface CommandOutcome {
  readonly exitCode: ExitCode
  readonly document: Readonly<Record<string, unknown>>
  readonly text: string
  /** What goes to stderr for a person, where it failed. */
  readonly advice?: string
}
