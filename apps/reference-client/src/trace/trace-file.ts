import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { CliError } from '../lib/errors.ts'

/** The file of a trace. It is opened before the command runs, so that a wrong path fails at once. */
export interface TraceFile {
  write(document: string): Promise<void>
}

/** Only the owner can read a trace: it names servers and clients. */
const ownerOnly = 0o600

/** @throws CliError `USAGE` */
export async function openTraceFile(file: string): Promise<TraceFile> {
  let handle: FileHandle
  try {
    handle = await open(file, 'w', ownerOnly)
    // The mode of \`open\` is only for a new file. A device or a pipe keeps its own.
    if ((await handle.stat()).isFile()) await handle.chmod(ownerOnly)
  } catch (cause) {
    throw cannotWrite(file, cause)
  }
  return {
    async write(document) {
      try {
        await handle.writeFile(document)
      } catch (cause) {
        throw cannotWrite(file, cause)
      } finally {
        await handle.close()
      }
    },
  }
}

function cannotWrite(file: string, cause: unknown): CliError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new CliError(
    'USAGE',
    `The option --trace cannot be used: ${JSON.stringify(file)} cannot be written${code} (expected a file that this user can write). Choose another file.`,
    { cause },
  )
}
