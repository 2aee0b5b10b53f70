import type { UserConfig } from 'tsdown'

/** Build settings of every published package: ESM only, with declarations beside the code. */
export function packageBuild(entry: Record<string, string>, options: UserConfig = {}): UserConfig {
  return {
    entry,
    format: 'esm',
    fixedExtension: false,
    target: 'node22',
    dts: true,
    // One file for each source file: a bundler then drops the modules that nothing uses.
    unbundle: true,
    // The code is neither minified nor joined, so a stack trace names its file and line (ADR 27).
    sourcemap: false,
    clean: true,
    // A warning reports an import that consumers cannot resolve. Fail the build.
    failOnWarn: true,
    ...options,
  }
}
