import type { RecordKind } from '@evergrant/client'

/** Every record kind of the store. */
export const recordKinds: readonly RecordKind[] = Object.keys({
  grant: true,
  binding: true,
  registration: true,
  authorization: true,
  'authorization-server': true,
  revocation: true,
} satisfies Record<RecordKind, true>) as RecordKind[]
