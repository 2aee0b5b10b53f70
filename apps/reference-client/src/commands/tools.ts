import { cleanRemoteText } from '@evergrant/core'
import type { Tool } from '@modelcontextprotocol/client'
import { collectPages } from '../calls/pages.ts'
import type { App } from '../connection/app.ts'
import { requestOptions, withSignedInClient } from '../connection/mcp.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'

/** Lists the tools of an MCP server. */
export async function tools(
  serverUrl: string,
  flags: SignInFlags,
  app: App,
): Promise<CommandOutcome> {
  const options = requestOptions(app.environment.signal)
  return await withSignedInClient(serverUrl, flags, app, async (client, session) => {
    const listed = await collectPages(async (page) => {
      const { tools: entries, nextCursor } = await client.listTools(page, options)
      return { entries, nextCursor }
    })
    return {
      exitCode: exitCodes.done,
      document: {
        serverUrl: session.serverUrl,
        protocolVersion: client.getNegotiatedProtocolVersion(),
        tools: listed,
      },
      text:
        listed.length === 0 ? 'No tools.' : listed.map((tool) => describe(tool, app)).join('\n'),
    }
  })
}

function describe({ name, description = '' }: Tool, { redact }: App): string {
  const shown = cleanRemoteText(redact(name)) ?? '(no name)'
  const about = cleanRemoteText(redact(description))
  return about === undefined ? shown : `${shown.padEnd(20)}  ${about}`
}
