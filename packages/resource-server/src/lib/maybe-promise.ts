/** A value, or a promise of it. A value that is known is returned without a promise, which costs time. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Also recognizes promises of other libraries and realms, as `await` does. */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return (
    value instanceof Promise ||
    (typeof value === 'object' &&
      value !== null &&
      'then' in value &&
      typeof value.then === 'function')
  )
}

/** Continues with a value, at once if it is known. */
export function whenKnown<Value, Result>(
  value: MaybePromise<Value>,
  continuation: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return isPromise(value) ? value.then(continuation) : continuation(value)
}
