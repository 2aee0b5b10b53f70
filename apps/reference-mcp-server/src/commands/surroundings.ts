/** The output of the command line, and what stops it. */
export interface CliSurroundings {
  writeOut(text: string): void
  writeError(text: string): void
  /** Resolves when the server must stop. */
  untilStopped(): Promise<void>
}
