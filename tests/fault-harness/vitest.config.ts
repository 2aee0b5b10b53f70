import { packageTests } from '../../vitest.shared.ts'

// The scenarios start processes of their own, up to eight: one file at a time is load enough.
export default packageTests(import.meta.dirname, { fileParallelism: false, testTimeout: 60_000 })
