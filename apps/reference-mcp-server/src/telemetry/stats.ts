import type { ToolName } from '../access/operation-scopes.ts'
import type { ExchangeRefusal } from '../http/exchange.ts'

/** Counts of the MCP endpoint's responses since it started, without the metadata document. */
export interface McpServerStats {
  readonly requests: number
  /** Responses by HTTP status. A status that never occurred is absent. */
  readonly byStatus: Readonly<Record<string, number>>
  /** Refused requests by reason. A reason that never occurred is absent. */
  readonly refusals: Readonly<Partial<Record<ExchangeRefusal, number>>>
  /** Authorized calls, by tool. */
  readonly toolCalls: Readonly<Partial<Record<ToolName, number>>>
}

export interface StatsRecorder {
  answered(status: number): void
  refused(reason: ExchangeRefusal): void
  called(tool: ToolName): void
  /** Returns a copy of the current counts. */
  read(): McpServerStats
}

export function createStatsRecorder(): StatsRecorder {
  const byStatus = new Map<string, number>()
  const refusals = new Map<ExchangeRefusal, number>()
  const toolCalls = new Map<ToolName, number>()
  let requests = 0

  function count<Key>(counts: Map<Key, number>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }

  return {
    answered(status) {
      requests += 1
      count(byStatus, String(status))
    },
    refused: (reason) => count(refusals, reason),
    called: (tool) => count(toolCalls, tool),
    read: () => ({
      requests,
      byStatus: Object.fromEntries(byStatus),
      refusals: Object.fromEntries(refusals),
      toolCalls: Object.fromEntries(toolCalls),
    }),
  }
}
