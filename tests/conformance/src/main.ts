/**
 * `pnpm conformance`: the official MCP conformance suite against the client, the reference MCP server
 * and the reference authorization server.
 */
import { runAuthorizationServerLeg } from './authorization-server-leg.ts'
import { runClientLegs } from './client-legs.ts'
import { createReport } from './report.ts'
import { runServerLegs } from './server-leg.ts'

const report = createReport()
await runClientLegs(report)
await runServerLegs(report)
await runAuthorizationServerLeg(report)
report.finish()
