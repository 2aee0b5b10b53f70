/**
 * The level of a requirement, as in its source. `OURS` marks a rule of this project that no source
 * requires.
 */
export type RequirementLevel = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY' | 'OURS'

/** The subject of a requirement. */
export type RequirementGroup =
  | 'client-asking'
  | 'client-scope'
  | 'client-discovery'
  | 'client-refreshing'
  | 'resource-server'
  | 'authorization-server'

/** A rule of this project, with an ID that code, tests, docs and decisions cite. */
export interface Requirement {
  readonly id: RequirementId
  readonly level: RequirementLevel
  /** How the level is divided, if the source has several keywords for parts of the rule. */
  readonly levelDetail?: string
  readonly group: RequirementGroup
  /** The rule in Markdown. If it differs from the source, the source is authoritative. */
  readonly text: string
  /** The documents that the rule comes from; empty for a rule of this project. */
  readonly source: string
  /** Sentences of the source with its keyword, in its own words; none for a rule of this project. */
  readonly quotes?: readonly RequirementQuote[]
  /** Why no test cites this rule. A rule with neither a test nor a reason fails the build. */
  readonly excluded?: string
}

/** A sentence of a source, or the part of it that has the keyword. */
export interface RequirementQuote {
  /** Markdown. `[…]` marks what is left out. */
  readonly text: string
  readonly url: string
}

/** The ID of a requirement: `C-` client, `S-` MCP server, `A-` authorization server. */
export type RequirementId =
  | 'C-01'
  | 'C-02'
  | 'C-03'
  | 'C-04'
  | 'C-05'
  | 'C-06'
  | 'C-07'
  | 'C-08'
  | 'C-09'
  | 'C-10'
  | 'C-20'
  | 'C-21'
  | 'C-22'
  | 'C-23'
  | 'C-24'
  | 'C-30'
  | 'C-31'
  | 'C-32'
  | 'C-33'
  | 'C-34'
  | 'C-35'
  | 'C-36'
  | 'C-37'
  | 'C-38'
  | 'C-39'
  | 'C-40'
  | 'C-41'
  | 'C-42'
  | 'C-43'
  | 'C-44'
  | 'C-45'
  | 'C-50'
  | 'C-51'
  | 'C-52'
  | 'C-53'
  | 'C-54'
  | 'C-55'
  | 'C-56'
  | 'C-57'
  | 'C-58'
  | 'C-59'
  | 'S-01'
  | 'S-02'
  | 'S-03'
  | 'S-10'
  | 'S-11'
  | 'S-12'
  | 'S-13'
  | 'S-14'
  | 'S-15'
  | 'S-16'
  | 'S-17'
  | 'S-18'
  | 'A-01'
  | 'A-02'
  | 'A-03'
  | 'A-04'
  | 'A-05'
  | 'A-06'
  | 'A-07'
  | 'A-08'
  | 'A-09'
  | 'A-10'
  | 'A-11'
  | 'A-12'
  | 'A-13'
  | 'A-14'
