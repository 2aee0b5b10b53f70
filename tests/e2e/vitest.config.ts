import { packageTests } from '../../vitest.shared.ts'

// One file after the other: tokens that live for two seconds leave no time to wait for a core.
export default packageTests(import.meta.dirname, { fileParallelism: false })
