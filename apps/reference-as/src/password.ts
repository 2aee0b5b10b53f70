import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'

/** Asks for a password without echo on a terminal; reads all of the input where there is none. */
export async function readPassword(
  input: ReadStream,
  output: WriteStream,
  prompt: string,
): Promise<string> {
  if (!input.isTTY) return (await text(input)).replace(/\r?\n$/, '')
  output.write(prompt)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: silent, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () => reject(new Error('No password was given')))
    })
  } finally {
    lines.close()
    output.write('\n')
  }
}
