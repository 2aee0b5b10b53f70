/** What the command line uses: the process, or buffers in a test. */
export interface CliEnvironment {
  /** For machine-readable output only. */
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Reads a password without echo. */
  readonly readPassword: (prompt: string) => Promise<string>
  /** Environment variables. Those called `EVERGRANT_AS_*` are settings. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Resolves when the server must stop. Called only by commands that run until then. */
  readonly stopped: () => Promise<unknown>
}
