import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A program of the benchmark that answers each message with one. */
export interface BenchProcess extends AsyncDisposable {
  /** Sends a message, and resolves with the answer. */
  ask<Answer>(message: string): Promise<Answer>
}

/** Starts a program beside this file, and resolves with its first message. */
export async function startProgram(
  file: string,
  settings: object,
): Promise<{ readonly process: BenchProcess; readonly first: unknown }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const first = await nextMessage(child)
  return {
    first,
    process: {
      async ask<Answer>(message: string) {
        const answer = nextMessage(child)
        child.send(message)
        return (await answer) as Answer
      },
      async [Symbol.asyncDispose]() {
        const ended = new Promise<void>((resolve) => {
          child.once('exit', () => resolve())
        })
        if (child.exitCode === null && child.connected) child.disconnect()
        else child.kill()
        await ended
      },
    },
  }
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    function onEnd(code: unknown): void {
      child.off('message', onMessage)
      reject(new Error(`A program of the benchmark ended (${String(code)}).`))
    }
    function onMessage(message: unknown): void {
      child.off('exit', onEnd)
      child.off('error', onEnd)
      resolve(message)
    }
    child.once('message', onMessage)
    child.once('exit', onEnd)
    child.once('error', onEnd)
  })
}
