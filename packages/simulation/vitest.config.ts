import { packageTests, propertyTests } from '../../vitest.shared.ts'

export default packageTests(import.meta.dirname, { setupFiles: [propertyTests] })
