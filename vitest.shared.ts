import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'
import { requirements } from './packages/core/src/requirements.ts'

/** A test that cites requirements. */
interface CitingTest {
  readonly file: string
  readonly name: string
  readonly state: string
  readonly requirements: readonly string[]
}

/**
 * Writes `coverage/requirements.json`: which test cites which requirement. `pnpm requirements` reads
 * it.
 */
function requirementReporter(root: string): Reporter {
  return {
    onTestRunEnd(testModules: readonly TestModule[]) {
      const tests: CitingTest[] = []
      for (const testModule of testModules) {
        const file = path.relative(import.meta.dirname, testModule.moduleId).replaceAll('\\', '/')
        for (const testCase of testModule.children.allTests()) {
          const cited = citedBy(testCase)
          if (cited.length === 0) continue
          tests.push({
            file,
            name: testCase.fullName,
            state: testCase.result().state,
            requirements: cited,
          })
        }
      }
      const folder = path.join(root, 'coverage')
      mkdirSync(folder, { recursive: true })
      writeFileSync(path.join(folder, 'requirements.json'), `${JSON.stringify(tests, null, 2)}\n`)
    },
  }
}

function citedBy(testCase: TestCase): string[] {
  const ids = new Set<string>(requirements.map((row) => row.id))
  return testCase.tags.filter((tag) => ids.has(tag))
}

/** The setup file of packages with property tests. */
export const propertyTests: string = path.join(import.meta.dirname, 'vitest.properties.ts')

/** Test settings of every package. `root` is the package's `import.meta.dirname`. */
export function packageTests(root: string, test: ViteUserConfig['test'] = {}): ViteUserConfig {
  return defineConfig({
    root,
    // Tests read the sources of other packages, so that they need no build.
    resolve: { conditions: ['workspace:source'] },
    ssr: {
      resolve: { conditions: ['workspace:source'], externalConditions: ['workspace:source'] },
    },
    test: {
      include: ['test/**/*.test.ts'],
      // A tag is a requirement's ID. An unknown tag fails the run.
      strictTags: true,
      tags: requirements.map((row) => ({ name: row.id, description: row.text })),
      reporters: ['default', requirementReporter(root)],
      // Limits for tests that hang, not for slow machines: no test asserts a time.
      testTimeout: 180_000,
      hookTimeout: 180_000,
      expect: { poll: { timeout: 120_000 } },
      ...test,
    },
  })
}
