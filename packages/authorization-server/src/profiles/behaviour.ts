import type { Behaviour } from './server-profile.ts'

/** Says where behaviours are known from. Each function takes the value and its source. */
export function documented<const Value>(value: Value, source: string): Behaviour<Value> {
  return { value, status: 'documented', source }
}

export function inferred<const Value>(value: Value, source: string): Behaviour<Value> {
  return { value, status: 'inferred', source }
}

/** Measured on loopback with a public client, PKCE and `resource`. */
export function measuredAt(version: string): <const Value>(value: Value) => Behaviour<Value> {
  return (value) => ({ value, status: 'measured', source: version })
}
