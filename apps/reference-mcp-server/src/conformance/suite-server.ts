import { randomBytes } from 'node:crypto'
import { createRequestStateCodec, McpServer } from '@modelcontextprotocol/server'
import { registerContentTools } from './content-tools.ts'
import { registerInputRounds } from './input-rounds.ts'
import type { RoundState } from './input-rounds.ts'
import { registerInputTools } from './input-tools.ts'
import { registerNotifyingTools } from './notifying-tools.ts'
import type { ListChanges } from './notifying-tools.ts'
import { registerSuitePrompts } from './prompts.ts'
import { registerSuiteResources } from './resources.ts'

/** Signs states that clients return. All rounds are served by this process. */
const states = createRequestStateCodec<RoundState>({ key: randomBytes(32) })

/**
 * Builds a server with everything that the official conformance suite requires.
 *
 * @param changes - Announces changes of lists. Default: to the client of this server.
 */
export function buildSuiteServer(changes?: ListChanges): McpServer {
  const server = new McpServer(
    { name: 'evergrant-conformance', version: '0.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: (state, context) => states.verify(state, context) },
    },
  )
  registerContentTools(server)
  registerNotifyingTools(
    server,
    changes ?? {
      toolsChanged: () => server.sendToolListChanged(),
      promptsChanged: () => server.sendPromptListChanged(),
    },
  )
  registerInputTools(server)
  registerInputRounds(server, states)
  registerSuiteResources(server)
  registerSuitePrompts(server)
  return server
}
