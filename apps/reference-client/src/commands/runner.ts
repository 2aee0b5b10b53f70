import type { App } from '../connection/app.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import type { Surroundings } from '../connection/surroundings.ts'
import type { CommandOutcome } from '../lib/environment.ts'

/** Options of every command. */
export interface CommonFlags {
  /** Handled by the runner: one JSON document instead of text. */
  readonly json?: boolean | undefined
  /** One of several accounts at the same servers. */
  readonly profile?: string | undefined
  /** The file to draw the exchange in. */
  readonly trace?: string | undefined
}

/** The arguments of a command that are checked before anything is read or created. */
export interface CommandArguments {
  /** The MCP server, also for the advice after a failure. */
  readonly serverUrl?: string | undefined
  /** The command runs until it is stopped, so no progress is shown. Default `false`. */
  readonly runsUntilStopped?: boolean
  readonly flags: CommonFlags & SignInFlags & { readonly scope?: string | undefined }
}

/** Runs a command and prints its outcome, also if it fails. */
export interface CommandRunner {
  /** Opens the home and the store for the command. */
  withApp(given: CommandArguments, work: (app: App) => Promise<CommandOutcome>): Promise<void>
  /** For a command that uses no stored sign-in: creates and reads no home. */
  withoutStore(
    given: CommandArguments,
    work: (surroundings: Surroundings) => Promise<CommandOutcome>,
  ): Promise<void>
}
