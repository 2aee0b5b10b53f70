import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The memory of a process, in MB. */
export interface Memory {
  /** With the pages of the Node.js program, which all its processes share. */
  readonly resident: number
  /** Only what this process adds; `undefined` where the system does not say. */
  readonly own: number | undefined
}

export async function memoryOf(processId: number): Promise<Memory> {
  const rollup = await readFile(`/proc/${processId}/smaps_rollup`, 'utf8').catch(() => undefined)
  if (rollup === undefined) {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(processId)])
    return { resident: Number(stdout) / 1024, own: undefined }
  }
  const kilobytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? Number.NaN)
  return {
    resident: kilobytes('Rss') / 1024,
    own: (kilobytes('Private_Dirty') + kilobytes('Private_Clean')) / 1024,
  }
}
