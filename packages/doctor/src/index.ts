export { reportOn, runChecks } from './checks/run-checks.ts'
export type { CheckOptions, CheckResult } from './checks/run-checks.ts'
export type { Access } from './evidence/evidence.ts'
export type { DurationForecast } from './forecast/duration.ts'
export type { Forecast } from './forecast/forecast-sign-in.ts'
export type { RefreshTokenForecast, RefreshTokenOutlook, Statement } from './forecast/statement.ts'
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
export type {
  AccessTokenFacts,
  MeasuredTime,
  Measurement,
  RefreshTrial,
  ReuseFacts,
  RevocationFacts,
} from './observations/measurement.ts'
export type { ProbeOptions } from './probe/probe.ts'
export { compareReports, parseReport } from './report/baseline.ts'
export type { BaselineComparison } from './report/baseline.ts'
export { formatHtml } from './report/html.ts'
export { formatMarkdown } from './report/markdown.ts'
export { formatSarif } from './report/sarif.ts'
export type { DiscoverySummary, Finding, Report, TimelineEntry } from './report/report.ts'
export { formatText } from './report/text.ts'
export { clientBehaviors } from './verdicts/client-behaviors.ts'
export type { MeasureOptions } from './sign-in/measure-sign-in.ts'
export type { SignInSetup } from './sign-in/sign-in.ts'
export type { Verdict } from './verdicts/verdicts.ts'
export type { ClientBehavior } from './verdicts/client-behaviors.ts'
export { rules } from './rules/all-rules.ts'
export { severityOf, steps } from './rules/rule.ts'
export type { Concern, Quote, Rule, RuleKeyword, Severity, Step } from './rules/rule.ts'
