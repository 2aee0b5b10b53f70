import type { UserConfig } from 'tsdown'

/** Build settings every published package shares: ESM only, declarations beside the code. */
export function packageBuild(entry: Record<string, string>, options: UserConfig = {}): UserConfig {
  return {
    entry,
    format: 'esm',
    fixedExtension: false,
    target: 'node22',
    dts: true,
    sourcemap: true,
    clean: true,
    // A warning here is an import that a consumer would miss: it fails the build.
    failOnWarn: true,
    ...options,
  }
}
