/**
 * Freezes a JSON value with all values inside it. Without recursion, because a document may be nested more
 * deeply than the stack.
 */
export function deepFreeze<Value>(value: Value): Value {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'object' && next !== null && !Object.isFrozen(next)) {
      Object.freeze(next)
      for (const inner of Object.values(next)) pending.push(inner)
    }
  }
  return value
}
