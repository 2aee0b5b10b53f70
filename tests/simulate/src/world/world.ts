import { seededRandom } from '@evergrant/test-kit'
import type { AuthorizationServer } from '../server/authorization-server.ts'
import { createAuthorizationServer } from '../server/authorization-server.ts'
import type { McpServer } from '../server/mcp-server.ts'
import { createMcpServer } from '../server/mcp-server.ts'
import { listedScopes } from '../server/metadata.ts'
import type { ProductRules } from '../server/product-rules.ts'
import type { Timeline } from '../time/timeline.ts'
import { createTimeline } from '../time/timeline.ts'
import type { Counts } from './counts.ts'
import { emptyCounts } from './counts.ts'
import type { Machine } from './machine.ts'
import { createMachine } from './machine.ts'
import type { Month } from './month.ts'

/** How long things take. Each request takes between half and one and a half of its time. */
export const timing = {
  callSeconds: 0.2,
  tokenSeconds: 0.4,
  /** From the open page to the end of the sign-in. */
  signInSeconds: 60,
  /** From the end of a process to its next start. */
  restartSeconds: 5,
} as const

/** January 2027. Nothing depends on it. */
const startEpochSeconds = 1_800_000_000

/** What surrounds the client in one month. */
export interface World {
  readonly month: Month
  readonly timeline: Timeline
  readonly machine: Machine
  readonly as: AuthorizationServer
  readonly mcpServer: McpServer
  /** Whether the metadata of the authorization server lists `offline_access`. */
  readonly listsOfflineAccess: boolean
  readonly counts: Counts
  readonly nowEpochSeconds: () => number
  /** The running outage. */
  outage(): Month['outages'][number] | undefined
  /** Takes the faults of a kind that are due. Several at once count as one. */
  takeFault(kind: 'lostResponses' | 'kills'): boolean
  /** Between half and one and a half of a time. */
  draw(seconds: number): number
}

export function createWorld(rules: ProductRules, month: Month, seed: number): World {
  const timeline = createTimeline()
  const nowEpochSeconds = (): number => startEpochSeconds + timeline.now()
  const as = createAuthorizationServer(rules, { nowEpochSeconds })
  const random = seededRandom(seed ^ 0x2c_1b_3c_6d)
  const next = { lostResponses: 0, kills: 0 }
  return {
    month,
    timeline,
    machine: createMachine(timeline, month.sleeps),
    as,
    mcpServer: createMcpServer(as.issuer, (token) => as.isGood(token)),
    listsOfflineAccess: listedScopes(rules).includes('offline_access'),
    counts: emptyCounts(),
    nowEpochSeconds,
    outage: () =>
      month.outages.find(({ from, to }) => timeline.now() >= from && timeline.now() < to),
    takeFault(kind) {
      const times = month[kind]
      const before = next[kind]
      while ((times[next[kind]] ?? Number.POSITIVE_INFINITY) <= timeline.now()) next[kind] += 1
      return next[kind] > before
    },
    draw: (seconds) => seconds * (0.5 + random()),
  }
}
