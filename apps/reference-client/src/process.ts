import { once } from 'node:events'
import process, { stderr, stdin, stdout } from 'node:process'
import { canOpenBrowser } from './lib/browser.ts'
import { version } from './lib/version.ts'

/**
 * The longest time that a command gets to end in order after a signal: a refresh in progress is saved. A
 * file system that no longer answers must not keep the process.
 */
const longestEndMilliseconds = 20_000
/** How long the host of a proxy gets to read the last messages. */
const lastWriteMilliseconds = 2000

/** Runs the command line of this process. */
export async function runProcess(): Promise<void> {
  // A closed pipe (`| head`) is not a failure.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined)
  if (isVersionQuestion(process.argv.slice(2))) stdout.write(`${version}\n`)
  // Not process.exit(): written output may not be flushed yet.
  else process.exitCode = await runCommandLine()
}

/** Answered without loading a command. */
function isVersionQuestion(argv: readonly string[]): boolean {
  return argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')
}

async function runCommandLine(): Promise<number> {
  // The first Ctrl-C ends the command in order. The handlers run once, so the second one kills it.
  const interruption = new AbortController()
  // SIGHUP: the terminal was closed, on Windows too.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      interruption.abort()
      setTimeout(() => process.exit(130), longestEndMilliseconds).unref()
    })
  }
  const isInteractive = stdin.isTTY && stderr.isTTY
  const argv = process.argv.slice(2)
  const run =
    argv[0] === 'proxy'
      ? (await import('./proxy/cli.ts')).runProxyCommandLine
      : (await import('./cli.ts')).runCli
  const exitCode = await run(argv, {
    stdout: (text) => stdout.write(text),
    stderr: (text) => stderr.write(text),
    stdio: { input: stdin, output: stdout },
    env: process.env,
    signal: interruption.signal,
    isInteractive,
    stderrIsTerminal: stderr.isTTY,
    ...(stdout.isTTY ? { stdoutTerminal: { columns: stdout.columns } } : {}),
    ...(isInteractive ? { readLine } : {}),
    ...(canOpenBrowser(process.env, process.platform) ? { openBrowser } : {}),
  })
  // Messages for a host that does not read would keep the process.
  if (argv[0] === 'proxy') setTimeout(() => process.exit(exitCode), lastWriteMilliseconds).unref()
  return exitCode
}

async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import('open')
  await open(url)
}

/** Raw input: terminals cut long lines off otherwise, and callback URLs are long. */
async function readLine(signal: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: stdin, output: stderr, terminal: true })
  // In raw mode, Ctrl-C is a character.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return await Promise.race([
      once(lines, 'line', { signal }).then(([line]) => String(line)),
      once(lines, 'close', { signal }).then(() => undefined),
    ])
  } finally {
    lines.close()
  }
}
