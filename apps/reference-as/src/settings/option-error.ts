import type * as z from 'zod'
import { ReferenceServerError } from '../errors.ts'

/** An option that cannot work. `name` is the flag, variable, file entry or option that set it. */
export function invalidOption(name: string, expected: string, got: unknown): ReferenceServerError {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got)?.slice(0, 120)
  return new ReferenceServerError('OPTION_INVALID', `${name}: expected ${expected}, got ${shown}.`)
}

/**
 * Checks a value. The message of the schema is what it expects.
 *
 * @param shown - `element`: the message quotes the element of a list that is wrong.
 * @throws {@link ReferenceServerError} `OPTION_INVALID`
 */
export function checked<Value>(
  name: string,
  schema: z.ZodType<Value>,
  value: unknown,
  shown: 'whole' | 'element',
): Value {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const [index] = issue?.path ?? []
  const isElement = shown === 'element' && Array.isArray(value) && typeof index === 'number'
  const got: unknown = isElement ? value[index] : value
  const isEmpty = Array.isArray(got) && got.length === 0
  throw invalidOption(name, issue?.message ?? 'another value', isEmpty ? undefined : got)
}
