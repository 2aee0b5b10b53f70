import type { Behavior } from './emulated-server.ts'

/** A behavior that the product's documentation or source code states. */
export function documented<const Value>(value: Value, source: string): Behavior<Value> {
  return { value, status: 'documented', source }
}

/** A behavior that is known second-hand, or concluded from something else. */
export function inferred<const Value>(value: Value, source: string): Behavior<Value> {
  return { value, status: 'inferred', source }
}

/** A behavior that was measured on loopback with a public client, PKCE and `resource`. */
export function measuredAt(version: string): <const Value>(value: Value) => Behavior<Value> {
  return (value) => ({ value, status: 'measured', source: version })
}
