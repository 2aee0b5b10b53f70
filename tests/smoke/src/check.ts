import type { PackedPackage } from '@evergrant/test-kit'
import type { ScratchProject } from './scratch-project.ts'

/** A Node.js that the packages support. */
export interface NodeRelease {
  /** For example `22.16.0`. */
  readonly version: string
  readonly program: string
}

/** What the checks need. */
export interface Installation {
  readonly packed: ReadonlyMap<string, PackedPackage>
  readonly project: ScratchProject
}

/** The result of a check, for the report: what was seen. It throws if the check fails. */
export type CheckResult = string

/** A check did not run, because this machine lacks something. */
export class NotRun extends Error {
  override readonly name = 'NotRun'
}
