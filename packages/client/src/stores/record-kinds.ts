import type { RecordKind } from './store.ts'

/** All kinds of records. */
export const recordKinds: readonly RecordKind[] = [
  'grant',
  'binding',
  'registration',
  'authorization',
  'authorization-server',
  'revocation',
]
