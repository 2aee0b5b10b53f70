import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { stripVTControlCharacters } from 'node:util'

const root = path.resolve(import.meta.dirname, '..')

/** How a command ended, and everything it printed. */
export interface CommandResult {
  readonly succeeded: boolean
  /** Output and errors, line by line, without escape sequences. */
  readonly lines: readonly string[]
}

/**
 * Runs a command in the root folder of the repository, and shows its output as it arrives.
 *
 * @param isShown - Selects the lines to show. Default: all.
 */
export async function runCommand(
  command: string,
  parameters: readonly string[],
  isShown: (line: string) => boolean = () => true,
): Promise<CommandResult> {
  const child = spawn(command, parameters, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // On Windows the commands are .cmd files, which only a shell runs.
    shell: process.platform === 'win32',
  })
  const lines: string[] = []
  function take(line: string): void {
    const text = stripVTControlCharacters(line).replace(/\r$/u, '')
    lines.push(text)
    if (isShown(text)) process.stdout.write(`${line}\n`)
  }
  const streams = [child.stdout, child.stderr].map(async (stream) => {
    let rest = ''
    for await (const chunk of stream.setEncoding('utf8')) {
      const parts = `${rest}${String(chunk)}`.split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) take(part)
    }
    if (rest !== '') take(rest)
  })
  const succeeded = await new Promise<boolean>((resolve) => {
    child.once('close', (status) => resolve(status === 0))
    child.once('error', (error) => {
      take(error.message)
      resolve(false)
    })
  })
  await Promise.all(streams)
  return { succeeded, lines }
}
