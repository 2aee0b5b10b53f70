import type { RequirementId } from '../requirements/requirement.ts'

/** An applied rule and its outcome. */
export interface ScopeTraceEntry {
  readonly requirements: readonly RequirementId[]
  /** Name of the rule. */
  readonly rule:
    | 'fallback'
    | 'base-scope'
    | 'resource-named-offline-access'
    | 'step-up-union'
    | 'additional-scope'
    | 'offline-access'
    | 'consent-prompt'
    | 'no-guarantee'
  /** The outcome in plain words. */
  readonly outcome: string
}
