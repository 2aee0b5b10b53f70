import { cleanRemoteText } from '@evergrant/core'
import type { Tool } from '@modelcontextprotocol/client'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import { serverFacts } from '../connection/sign-in-flags.ts'
import { signInIfPossible } from '../connection/interactive-sign-in.ts'
import { requestOptions, withClient } from '../connection/mcp.ts'

/** Lists the tools of an MCP server. */
export async function tools(
  serverUrl: string,
  flags: SignInFlags,
  app: App,
): Promise<CommandOutcome> {
  const { signal } = app.environment
  const facts = serverFacts(flags, app.environment.env)
  const signIn = signInIfPossible(flags, app)
  const session = app.session(serverUrl, { signIn, facts })
  return await withClient(session, app, async (client) => {
    const listed = await client.listTools(undefined, requestOptions(signal))
    return {
      exitCode: exitCodes.done,
      document: {
        serverUrl: session.serverUrl,
        protocolVersion: client.getNegotiatedProtocolVersion(),
        tools: listed.tools,
      },
      text:
        listed.tools.length === 0
          ? 'No tools.'
          : listed.tools.map((tool) => describe(tool, app)).join('\n'),
    }
  })
}

function describe({ name, description = '' }: Tool, { redact }: App): string {
  const shown = cleanRemoteText(redact(name)) ?? '(no name)'
  const about = cleanRemoteText(redact(description))
  return about === undefined ? shown : `${shown.padEnd(20)}  ${about}`
}
