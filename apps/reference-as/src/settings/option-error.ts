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
 * @param shown - What the message quotes: the whole value; with `element`, the element of a list that
 *   is wrong; with `member`, the wrong member of a nested value, whose place is added to the name. A
 *   member that is called a secret is not quoted.
 * @throws {@link ReferenceServerError} `OPTION_INVALID`
 */
export function checked<Value>(
  name: string,
  schema: z.ZodType<Value>,
  value: unknown,
  shown: 'whole' | 'element' | 'member',
): Value {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const expected = issue?.message ?? 'another value'
  if (shown === 'member' && issue !== undefined) throw invalidMember(name, issue, value)
  const [index] = issue?.path ?? []
  const isElement = shown === 'element' && Array.isArray(value) && typeof index === 'number'
  const got: unknown = isElement ? value[index] : value
  const isEmpty = Array.isArray(got) && got.length === 0
  throw invalidOption(name, expected, isEmpty ? undefined : got)
}

function invalidMember(
  name: string,
  issue: z.core.$ZodIssue,
  value: unknown,
): ReferenceServerError {
  const place = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
  const where = `${name}${place.length === 0 ? '' : `, ${place.join('').replace(/^\./, '')}`}`
  if (issue.code === 'unrecognized_keys') return invalidOption(where, issue.message, issue.keys[0])
  if (issue.path.some((key) => String(key).includes('secret'))) {
    return new ReferenceServerError(
      'OPTION_INVALID',
      `${where}: expected ${issue.message}, got another value, which is not shown.`,
    )
  }
  // One client may stand without a list around it.
  const start: unknown = Array.isArray(value) ? value : [value]
  const got = issue.path.reduce<unknown>((from, key) => Reflect.get(Object(from), key), start)
  return invalidOption(where, issue.message, got)
}
