import type { RefusalReason } from '@evergrant/resource-server'
import type { ToolName } from './scopes.ts'

/** What the MCP endpoint answered since it started; the metadata document does not count. */
export interface McpServerStats {
  readonly requests: number
  /** Answers by HTTP status; a status that never occurred is absent. */
  readonly byStatus: Readonly<Record<string, number>>
  /** Why requests were refused; a reason that never occurred is absent. */
  readonly refusals: Readonly<Partial<Record<RefusalReason, number>>>
  /** Calls that were let through, by tool. */
  readonly toolCalls: Readonly<Partial<Record<ToolName, number>>>
}

export interface StatsRecorder {
  answered(status: number): void
  refused(reason: RefusalReason): void
  called(tool: ToolName): void
  /** A copy, as of now. */
  read(): McpServerStats
}

export function createStatsRecorder(): StatsRecorder {
  const byStatus = new Map<string, number>()
  const refusals = new Map<RefusalReason, number>()
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
