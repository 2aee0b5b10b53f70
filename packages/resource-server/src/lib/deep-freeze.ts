/**
 * Freezes a JSON value with all values inside it. Without recursion, because a document may be nested more
 * deeply than the stack.
 */
export function deepFreeze<Value>(value: Value): Value {
  const pending: object[] = isUnfrozen(value) ? [value] : []
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    Object.freeze(next)
    for (const inner of Object.values(next)) if (isUnfrozen(inner)) pending.push(inner)
  }
  return value
}

function isUnfrozen(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value)
}
