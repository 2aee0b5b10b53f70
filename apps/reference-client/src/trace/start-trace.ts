import type { CommandOutcome } from '../lib/environment.ts'
import { version } from '../lib/version.ts'
import { traceDocument } from './document.ts'
import type { TraceEntry, TraceRecorder } from './recorder.ts'
import { createTraceRecorder } from './recorder.ts'
import { openTraceFile } from './trace-file.ts'
import { commandName } from '../names.ts'

/** The trace of one command. */
export interface Trace {
  readonly recorder: TraceRecorder
  /**
   * Writes the file, also for a command that failed.
   *
   * @param redact - Removes the secrets that this program sent.
   */
  finish(outcome: CommandOutcome, redact: (text: string) => string): Promise<void>
}

/**
 * @param command - The name of the command.
 * @throws CliError `USAGE` if the file cannot be written
 */
export async function startTrace(file: string, command: string): Promise<Trace> {
  const startedAt = new Date()
  const target = await openTraceFile(file)
  const recorder = createTraceRecorder()
  return {
    recorder,
    async finish(outcome, redact) {
      const recording = await recorder.read()
      // What has no name, such as a token in an error of a server, is found by its value. Markup would
      // change the spelling of some secrets, so they are removed before it is made.
      const clean = (text: string): string => redact(recording.redact(text))
      const entries = recording.entries.map((entry) => cleanEntry(entry, clean))
      const { exitCode, advice } = outcome
      const failure = advice === undefined ? undefined : clean(advice.replace(/^evergrant: /, ''))
      const name = `${commandName} ${clean(command)}`
      const about = { name, exitCode, failure: failure?.trim(), version, startedAt }
      await target.write(traceDocument(about, { entries, isTruncated: recording.isTruncated }))
    },
  }
}

function cleanEntry(entry: TraceEntry, clean: (text: string) => string): TraceEntry {
  if (entry.kind === 'decision') return { ...entry, text: clean(entry.text) }
  return {
    ...entry,
    origin: clean(entry.origin),
    line: clean(entry.line),
    question: clean(entry.question),
    result: clean(entry.result),
    answer: clean(entry.answer),
  }
}
