import type { RequirementId } from '@evergrant/core'
import type { Access, DiscoveryOutcome } from '../evidence/evidence.ts'
import type { Measurement } from '../observations/measurement.ts'
import type { Forecast } from '../forecast/forecast-sign-in.ts'
import type { Concern, Quote, RuleKeyword, Severity, Step } from '../rules/rule.ts'
import type { Verdict } from '../verdicts/verdicts.ts'

/** One fault, or one observation that is worth knowing. */
export interface Finding {
  /** The stable ID of the rule. */
  readonly rule: string
  readonly severity: Severity
  readonly keyword: RuleKeyword
  readonly step: Step
  readonly concerns: Concern
  readonly title: string
  readonly message: string
  readonly evidence: readonly Quote[]
  readonly change: string
  readonly requirements: readonly RequirementId[]
  /** The sentence of the source, if there is one. */
  readonly sentence?: string
  readonly link: string
}

/** One request of the check, for a diagram. It has no body and no secret. */
export interface TimelineEntry {
  readonly purpose: string
  readonly method: string
  readonly url: string
  readonly concerns: Concern
  /** The status, or the reason why there was no answer. */
  readonly outcome: string
  readonly startMilliseconds: number
  readonly durationMilliseconds: number
}

/** The result of {@link runChecks}. Plain data, without secrets. */
export interface Report {
  readonly version: 1
  readonly serverUrl: string
  readonly observedAtEpochSeconds: number
  readonly access: Access
  readonly counts: Readonly<Record<Severity, number>>
  /** The faults first, by the step of the sign-in that they break, then warnings, then notes. */
  readonly findings: readonly Finding[]
  /** What the client of Evergrant concludes; absent if the server requires no token. */
  readonly discovery?: DiscoverySummary
  /** Absent if the server requires no sign-in, or clients cannot find out where to sign in. */
  readonly forecast?: Forecast
  /** What a real sign-in showed; absent without one. */
  readonly measurement?: Measurement
  /** What the users of measured clients will experience. */
  readonly verdicts: readonly Verdict[]
  readonly timeline: readonly TimelineEntry[]
}

/** The result of discovery. */
export type DiscoverySummary =
  | {
      readonly outcome: 'found'
      readonly resource: string
      readonly issuer: string
    }
  | Extract<DiscoveryOutcome, { readonly outcome: 'failed' }>
