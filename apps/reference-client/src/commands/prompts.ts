import { cleanRemoteText } from '@evergrant/core'
import type { Prompt } from '@modelcontextprotocol/client'
import { collectPages } from '../calls/pages.ts'
import type { App } from '../connection/app.ts'
import { requestOptions, withSignedInClient } from '../connection/mcp.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import type { CommonFlags } from './runner.ts'

/** Options of `evergrant prompt`. */
export interface PromptFlags extends SignInFlags, CommonFlags {
  readonly args?: Readonly<Record<string, string>>
}

/** Lists the prompts of an MCP server. */
export async function prompts(
  serverUrl: string,
  flags: SignInFlags,
  app: App,
): Promise<CommandOutcome> {
  const options = requestOptions(app.environment.signal)
  return await withSignedInClient(serverUrl, flags, app, async (client, session) => {
    const listed =
      client.getServerCapabilities()?.prompts === undefined
        ? []
        : await collectPages(async (page) => {
            const { prompts: entries, nextCursor } = await client.listPrompts(page, options)
            return { entries, nextCursor }
          })
    return {
      exitCode: exitCodes.done,
      document: {
        serverUrl: session.serverUrl,
        protocolVersion: client.getNegotiatedProtocolVersion(),
        prompts: listed,
      },
      text:
        listed.length === 0 ? 'No prompts.' : listed.map((one) => describe(one, app)).join('\n'),
    }
  })
}

/** Gets a prompt, filled in. */
export async function prompt(
  serverUrl: string,
  name: string,
  flags: PromptFlags,
  app: App,
): Promise<CommandOutcome> {
  return await withSignedInClient(serverUrl, flags, app, async (client, session) => {
    const request = { name, ...(flags.args === undefined ? {} : { arguments: { ...flags.args } }) }
    const result = await client.getPrompt(request, requestOptions(app.environment.signal))
    return {
      exitCode: exitCodes.done,
      document: { serverUrl: session.serverUrl, prompt: name, result },
      text: result.messages
        .map(
          ({ role, content }) =>
            `${role}: ${content.type === 'text' ? content.text : `[${content.type}]`}`,
        )
        .join('\n'),
    }
  })
}

function describe({ name, description = '', arguments: args = [] }: Prompt, app: App): string {
  const shown = cleanRemoteText(app.redact(name)) ?? '(no name)'
  const names = args.map((one) => (one.required === true ? one.name : `[${one.name}]`)).join(' ')
  const signature = cleanRemoteText(app.redact(`${shown} ${names}`)) ?? shown
  const about = cleanRemoteText(app.redact(description))
  return about === undefined ? signature : `${signature.padEnd(20)}  ${about}`
}
