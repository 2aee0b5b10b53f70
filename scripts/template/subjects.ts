/**
 * What each file of this repository is about, where a path does not say it. A file goes when one of its
 * subjects is gone. What a manifest, a setting or a step of `pnpm check` names is read from there.
 */

/** A subject: published workspaces remain. */
export const publishedWorkspace = 'a published workspace'

/** Subjects by path. A subject is a path too. The `docs` stay only if everything stays. */
export const subjects: Readonly<Record<string, readonly string[]>> = {
  '.changeset': [publishedWorkspace],
  '.github/actions/doctor': ['apps/reference-client'],
  '.github/workflows/interop.yml': ['tests/interop'],
  '.github/workflows/release.yml': [publishedWorkspace],
  'packages/authorization-server/api': ['docs'],
  'packages/client/api': ['docs'],
  'packages/core/api': ['docs'],
  'packages/doctor/api': ['docs'],
  'packages/resource-server/api': ['docs'],
  'scripts/api-reports.ts': ['docs'],
  'scripts/command-line.ts': ['docs'],
  'scripts/demo-worker.ts': ['apps/refresh-worker'],
  'scripts/demo.ts': ['tests/e2e'],
  'scripts/doctor-rules': ['docs'],
  'scripts/emulated-servers.ts': ['docs'],
  'scripts/error-codes.ts': ['docs'],
  'scripts/fuzz-headers.ts': ['packages/resource-server'],
  'scripts/fuzz.ts': ['packages/core'],
  'scripts/generated-page.ts': ['docs'],
  'scripts/package-check.ts': [publishedWorkspace],
  'scripts/playground-presets.ts': ['docs'],
  'scripts/provider-pages': ['docs'],
  'scripts/providers.ts': ['docs'],
  'scripts/requirements.ts': ['docs'],
  'scripts/simulate': ['docs'],
  'scripts/size': ['packages/core'],
  'tests/e2e/src/page-commands': ['docs'],
  'tests/e2e/test/provider-pages.test.ts': ['docs'],
  'tests/structure/test/provider-data.test.ts': ['docs'],
}

/** What tests read besides the workspaces that they depend on. */
export const otherNeeds: Readonly<Record<string, readonly string[]>> = {
  'tests/guides': ['docs'],
  'tests/simulate': ['docs'],
  'tests/smoke': ['apps/samples'],
}

/** What is about this repository only. */
export const upstreamOnly: readonly string[] = [
  '.github/ISSUE_TEMPLATE',
  'apps/samples/test/readme.test.ts',
  'scripts/template',
  'tests/template',
]

/** Development dependencies of the root, and the file that uses each. */
export const rootDependencies: Readonly<Record<string, string>> = {
  '@arethetypeswrong/cli': 'scripts/package-check.ts',
  '@changesets/cli': '.changeset',
  '@clack/prompts': 'scripts/template',
  '@microsoft/api-extractor': 'scripts/api-reports.ts',
  'jsonc-parser': 'scripts/template',
  publint: 'scripts/package-check.ts',
  rolldown: 'scripts/size',
  yaml: 'scripts/template',
}
