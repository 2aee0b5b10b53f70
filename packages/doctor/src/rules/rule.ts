import type { RequirementId, RequirementLevel } from '@evergrant/core'
import type { Evidence } from '../evidence/evidence.ts'

/**
 * The steps from the first request to the end of a sign-in, in order. A broken step makes the later
 * ones impossible.
 */
export const steps = [
  'connection',
  'challenge',
  'resource-metadata',
  'server-metadata',
  'registration',
  'authorization',
  'refresh',
  'revocation',
  'browser',
  'operation',
] as const

/** One of {@link steps}. */
export type Step = (typeof steps)[number]

/**
 * The keyword of the sentence that a rule follows. `BLOCKING` marks an observation without such a
 * sentence after which no client can continue, and `OBSERVED` one that is worth knowing.
 */
export type RuleKeyword = RequirementLevel | 'BLOCKING' | 'OBSERVED'

/** How serious a finding is. It follows from the keyword alone. */
export type Severity = 'error' | 'warning' | 'note'

/** Who must act on a finding. */
export type Concern = 'mcp-server' | 'authorization-server' | 'client'

/** A part of an answer that shows a finding. */
export interface Quote {
  readonly url: string
  /** Text of the servers is quoted as JSON and truncated. */
  readonly text: string
}

/** One place where a rule is broken. */
export interface Occurrence {
  /** What is wrong here, in one or two sentences. */
  readonly message: string
  readonly evidence: readonly Quote[]
  /** What to change, if it differs from the rule's own advice. */
  readonly change?: string
  readonly concerns?: Concern
}

/** A rule of the doctor. */
export interface Rule {
  /** Stable. A renamed ID is a breaking change. */
  readonly id: string
  readonly title: string
  /** What the fault does to clients and users. */
  readonly why: string
  readonly step: Step
  readonly concerns: Concern
  readonly keyword: RuleKeyword
  readonly requirements: readonly RequirementId[]
  /** The sentence with the keyword, in the source's words; absent for observations. */
  readonly sentence?: string
  readonly link: string
  /** What to change. */
  readonly change: string
  /** Where the rule is broken. Pure: the same evidence gives the same occurrences. */
  readonly check: (evidence: Evidence) => readonly Occurrence[]
}

/** The severity that a keyword implies. */
export function severityOf(keyword: RuleKeyword): Severity {
  return severities[keyword]
}

const severities: Readonly<Record<RuleKeyword, Severity>> = {
  MUST: 'error',
  'MUST NOT': 'error',
  BLOCKING: 'error',
  SHOULD: 'warning',
  'SHOULD NOT': 'warning',
  MAY: 'note',
  OURS: 'note',
  OBSERVED: 'note',
}

/** The pages that rules link to. */
export const pages = {
  authorization: 'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization',
  discovery:
    'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery',
  registration:
    'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration',
  security:
    'https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/security-considerations',
  transport:
    'https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http',
  bearer: 'https://www.rfc-editor.org/rfc/rfc6750#section-3',
  resourceMetadata: 'https://www.rfc-editor.org/rfc/rfc9728',
  serverMetadata: 'https://www.rfc-editor.org/rfc/rfc8414',
  fetch: 'https://fetch.spec.whatwg.org/#http-cors-protocol',
} as const
