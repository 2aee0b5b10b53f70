import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A process that holds the lock of a grant. */
export interface LockHolder extends AsyncDisposable {
  /** Whether the process believes that it holds the lock: `held` or `lost`. */
  state(): Promise<string>
  suspend(): void
  resume(): void
  kill(): void
  /** Lets the process release the lock and end. */
  end(): Promise<void>
}

/** Starts a process, and waits until it holds the lock. */
export async function startLockHolder(
  table: string,
  key: Uint8Array,
  grantId: string,
): Promise<LockHolder> {
  const program = fileURLToPath(new URL('./lock-holder-process.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--conditions=workspace:source', program, table, Buffer.from(key).toString('hex'), grantId],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  async function line(): Promise<string> {
    const { value } = await lines.next()
    return String(value)
  }
  const outcome = await line()
  if (outcome !== 'acquired') throw new Error(`The lock of the other process is ${outcome}.`)
  return {
    async state() {
      child.stdin.write('?\n')
      return await line()
    },
    suspend: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    kill: () => child.kill('SIGKILL'),
    async end() {
      child.stdin.end()
      await ended
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
