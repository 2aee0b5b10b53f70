import process from 'node:process'

/** Lines with which the tools mark a failure. */
const failureLine = /FAIL|Error|✗|×|✘|❯|error|Expected|Received|expected|^(?:\S+: )?\s*[-+] /u
const maximumRepeatedLines = 80

/**
 * Prints the lines of a failed command that name the failures once more, so that the end of the
 * output contains them, also where a log is truncated.
 *
 * @param title - What failed.
 */
export function repeatFailures(title: string, lines: readonly string[]): void {
  process.stdout.write(`\n── FAILED: ${title}\n`)
  const marked = lines.filter((line) => failureLine.test(line))
  for (const line of (marked.length > 0 ? marked : lines).slice(-maximumRepeatedLines)) {
    process.stdout.write(`${line}\n`)
  }
}
