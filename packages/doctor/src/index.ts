export { reportOn, runChecks } from './checks/run-checks.ts'
export type { CheckResult } from './checks/run-checks.ts'
export type { Access } from './evidence/evidence.ts'
export { DoctorError } from './lib/errors.ts'
export type { DoctorErrorCode } from './lib/errors.ts'
export type {
  CertificateFacts,
  Exchange,
  MetadataPlace,
  Observations,
  Purpose,
  RecordedAnswer,
  RecordedFailure,
} from './observations/observations.ts'
export { formatRecording, parseRecording } from './observations/recording.ts'
export type { ProbeOptions } from './probe/probe.ts'
export type { DiscoverySummary, Finding, Report, TimelineEntry } from './report/report.ts'
export { formatText } from './report/text.ts'
export { rules } from './rules/all-rules.ts'
export { severityOf } from './rules/rule.ts'
export type { Concern, Quote, Rule, RuleKeyword, Severity, Step } from './rules/rule.ts'
