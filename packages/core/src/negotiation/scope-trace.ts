import type { RequirementId } from '../requirements.ts'

/** One rule that was applied, and what came of it. */
export interface ScopeTraceEntry {
  readonly requirements: readonly RequirementId[]
  /** Name of the rule. */
  readonly rule:
    | 'base-scope'
    | 'resource-named-offline-access'
    | 'step-up-union'
    | 'client-wishes'
    | 'offline-access'
    | 'consent-prompt'
    | 'no-guarantee'
  /** What came of it, in plain words. */
  readonly outcome: string
}
