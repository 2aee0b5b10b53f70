/** A value, or a promise of it. A value that is known is returned without a promise, which costs time. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Continues with a value, at once if it is known. */
export function whenKnown<Value, Result>(
  value: MaybePromise<Value>,
  continuation: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(continuation) : continuation(value)
}
