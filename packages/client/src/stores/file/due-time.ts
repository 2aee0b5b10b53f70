import { isObject } from '../../lib/is-object.ts'
import { neverDue } from '../due.ts'

/** When a grant is due. */
export interface DueTime {
  /** The generation of the record. */
  readonly generation: number
  /** Minus infinity if the time is not known, `Infinity` if the grant is never due. */
  readonly atEpochSeconds: number
}

const never = 'never'

/**
 * Adds a due time to the text of a sealed record, or replaces it. The time is not encrypted, so a
 * process can find the grants that are due without opening every record.
 */
export function withDueTime(sealed: string, { generation, atEpochSeconds }: DueTime): string {
  const at = atEpochSeconds === neverDue ? never : atEpochSeconds
  const due = { generation, atEpochSeconds: at }
  return `${JSON.stringify({ ...(JSON.parse(sealed) as object), due })}\n`
}

/**
 * Reads the due time of a sealed record. A time of another generation does not count: the process
 * that wrote the record knows no due times.
 */
export function dueTimeOf(text: string): DueTime {
  const value = parsed(text)
  const generation = isObject(value) ? value['generation'] : undefined
  if (!isObject(value) || typeof generation !== 'number') {
    return { generation: 0, atEpochSeconds: Number.NEGATIVE_INFINITY }
  }
  const due = value['due']
  const at = isObject(due) && due['generation'] === generation ? due['atEpochSeconds'] : undefined
  if (at === never) return { generation, atEpochSeconds: neverDue }
  return { generation, atEpochSeconds: typeof at === 'number' ? at : Number.NEGATIVE_INFINITY }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
