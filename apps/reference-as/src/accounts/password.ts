import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import type { Readable } from 'node:stream'
import { ReferenceServerError } from '../errors.ts'

/**
 * Prompts for a password without echo on a terminal, and reads the whole input otherwise. Smaller than
 * a prompt library.
 */
export async function readPassword(
  input: Readable & { readonly isTTY?: boolean },
  output: Writable,
  prompt: string,
): Promise<string> {
  if (input.isTTY !== true) return (await text(input)).replace(/\r?\n$/, '')
  output.write(prompt)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: silent, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () => {
        reject(
          new ReferenceServerError(
            'PASSWORD_NOT_GIVEN',
            'No password was given, and nothing was changed. Run the command again.',
          ),
        )
      })
    })
  } finally {
    lines.close()
    output.write('\n')
  }
}
