/** The surroundings of a command line: the process, or buffers in a test. */
export interface CliEnvironment {
  /** Receives the result, and with `--json` exactly one JSON document. */
  readonly stdout: (text: string) => void
  /** Receives progress, prompts and notices. */
  readonly stderr: (text: string) => void
  /** Environment variables. The README lists the ones that are read. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts on Ctrl-C: the command ends and leaves the store consistent. */
  readonly signal?: AbortSignal | undefined
  /** Opens a page in the user's browser. Without it, the URL is only printed. */
  readonly openBrowser?: ((url: string) => void | Promise<void>) | undefined
  /**
   * Reads a line that the user types or pastes; `undefined` at the end of the input. Rejects when the
   * signal aborts. Absent without a terminal.
   */
  readonly readLine?: ((signal: AbortSignal) => Promise<string | undefined>) | undefined
  /** The terminal of stdout, if it is one, with its width. */
  readonly stdoutTerminal?: { readonly columns: number } | undefined
  /** Whether stderr is a terminal, on which progress is shown. Default `false`. */
  readonly stderrIsTerminal?: boolean | undefined
  /** Whether a user can sign in during `tools` and `call`. Default `false`. */
  readonly isInteractive?: boolean | undefined
}

/** Exit codes of a command. */
export const exitCodes = {
  done: 0,
  /** Only of `status --check` and `doctor`: what was checked is not as required. */
  checkFailed: 1,
  usage: 2,
  signInNeeded: 3,
  failed: 4,
  interrupted: 130,
} as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The result of a command: printed as `document` with `--json`, otherwise as `text`. */
export interface CommandOutcome {
  readonly exitCode: ExitCode
  readonly document: Readonly<Record<string, unknown>>
  readonly text: string
  /** Printed on stderr if the command failed. */
  readonly advice?: string
  /** The result is a credential, so it is printed instead of `[redacted]`. Default `false`. */
  readonly isCredential?: boolean
}
