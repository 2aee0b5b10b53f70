import { open } from 'node:fs/promises'
import { WorkerError } from '../lib/errors.ts'

/** Keys, secrets and registrations are short. A larger file is the wrong one, such as a device. */
const maximumBytes = 1_048_576

/**
 * Reads a file that an option names.
 *
 * @param source - The option, for the error.
 * @throws WorkerError `FILE_UNUSABLE`
 */
export async function readSmallFile(file: string, source: string): Promise<Buffer> {
  let bytes: Buffer
  try {
    await using handle = await open(file)
    const buffer = Buffer.alloc(maximumBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) break
    }
    bytes = buffer.subarray(0, length)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw unusable(file, source, `it cannot be read${code}`, { cause })
  }
  if (bytes.length > maximumBytes) {
    throw unusable(file, source, `it has more than ${maximumBytes} bytes`)
  }
  return bytes
}

/** The error for the content of a file. `found` must not quote the content. */
export function unusable(
  file: string,
  source: string,
  found: string,
  options: { readonly cause?: unknown } = {},
): WorkerError {
  return new WorkerError(
    'FILE_UNUSABLE',
    `The file ${JSON.stringify(file)} of ${source} cannot be used: ${found}. Check the path, the content and the permissions.`,
    options,
  )
}
