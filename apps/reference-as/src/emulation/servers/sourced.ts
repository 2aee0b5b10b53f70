import type { Behavior, Note, NoteSubject } from './emulated-server.ts'

/** The day on which the sources were read, unless a behavior names a later one. */
const researchedOn = '2026-11-22'

/** A behavior that the product's documentation or source code states. */
export function documented<const Value>(
  value: Value,
  source: string,
  date: string = researchedOn,
): Behavior<Value> {
  return { value, status: 'documented', source, date }
}

/** A behavior that is known second-hand, or concluded from something else. */
export function inferred<const Value>(
  value: Value,
  source: string,
  date: string = researchedOn,
): Behavior<Value> {
  return { value, status: 'inferred', source, date }
}

/** A behavior that was measured on loopback with a public client, PKCE and `resource`. */
export function measuredAt(
  version: string,
  date: string = researchedOn,
): <const Value>(value: Value) => Behavior<Value> {
  return (value) => ({ value, status: 'measured', source: version, date })
}

/** A note with its subject. Notes without one are peculiarities to watch out for. */
export function about(subject: NoteSubject, note: Behavior<string>): Note {
  return { ...note, about: subject }
}
