import type { CliEnvironment } from '../lib/environment.ts'

/** A line on a terminal that shows that a command is still running. */
export interface Progress extends Pick<CliEnvironment, 'stdout' | 'stderr'> {
  /** Removes the line for good. */
  stop(): void
}

const tickMilliseconds = 1000
/** To the start of the line, and clear it. */
const clearLine = '\r\u001b[K'

/**
 * Shows how long a command has been running, from one second on, on a terminal only. The line is
 * cleared before anything else is printed, and it is not shown while a prompt waits for the user.
 *
 * @param terminal - Writes to the terminal without escaping.
 * @param output - Prints the output of the command.
 */
export function showProgress(
  terminal: ((text: string) => void) | undefined,
  output: Pick<CliEnvironment, 'stdout' | 'stderr'>,
): Progress {
  if (terminal === undefined) return { ...output, stop: () => undefined }
  const startedAt = performance.now()
  let isShown = false
  let isPrompting = false

  function clear(): void {
    if (isShown) terminal?.(clearLine)
    isShown = false
  }

  const timer = setInterval(() => {
    if (isPrompting) return
    const seconds = Math.floor((performance.now() - startedAt) / 1000)
    terminal(`${clearLine}Working… ${seconds} s`)
    isShown = true
  }, tickMilliseconds)
  timer.unref()

  return {
    stdout(text) {
      clear()
      output.stdout(text)
    },
    stderr(text) {
      clear()
      output.stderr(text)
      // A prompt ends without a line break. The user types after it.
      isPrompting = !text.endsWith('\n')
    },
    stop() {
      clearInterval(timer)
      clear()
    },
  }
}
