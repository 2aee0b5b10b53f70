import { cleanRemoteText } from '@evergrant/core'
import type { Resource, ResourceTemplateType } from '@modelcontextprotocol/client'
import { collectPages } from '../calls/pages.ts'
import type { App } from '../connection/app.ts'
import { requestOptions, withSignedInClient } from '../connection/mcp.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'

/** Lists the resources of an MCP server, and its templates for resource URIs. */
export async function resources(
  serverUrl: string,
  flags: SignInFlags,
  app: App,
): Promise<CommandOutcome> {
  const options = requestOptions(app.environment.signal)
  return await withSignedInClient(serverUrl, flags, app, async (client, session) => {
    const isOffered = client.getServerCapabilities()?.resources !== undefined
    const listed = isOffered
      ? await collectPages(async (page) => {
          const { resources: entries, nextCursor } = await client.listResources(page, options)
          return { entries, nextCursor }
        })
      : []
    const templates = isOffered
      ? await collectPages(async (page) => {
          const { resourceTemplates: entries, nextCursor } = await client.listResourceTemplates(
            page,
            options,
          )
          return { entries, nextCursor }
        })
      : []
    const lines = [
      ...listed.map((one) => describe(one.uri, one, app)),
      ...templates.map((one) => describe(one.uriTemplate, one, app)),
    ]
    return {
      exitCode: exitCodes.done,
      document: {
        serverUrl: session.serverUrl,
        protocolVersion: client.getNegotiatedProtocolVersion(),
        resources: listed,
        resourceTemplates: templates,
      },
      text: lines.length === 0 ? 'No resources.' : lines.join('\n'),
    }
  })
}

/** Reads a resource. */
export async function read(
  serverUrl: string,
  uri: string,
  flags: SignInFlags,
  app: App,
): Promise<CommandOutcome> {
  return await withSignedInClient(serverUrl, flags, app, async (client, session) => {
    const { contents } = await client.readResource({ uri }, requestOptions(app.environment.signal))
    return {
      exitCode: exitCodes.done,
      document: { serverUrl: session.serverUrl, uri, contents },
      text: contents
        .map((part) => ('text' in part ? part.text : `[binary, ${part.mimeType ?? 'no type'}]`))
        .join('\n'),
    }
  })
}

function describe(
  uri: string,
  { name, description = '' }: Pick<Resource | ResourceTemplateType, 'name' | 'description'>,
  { redact }: App,
): string {
  const shown = cleanRemoteText(redact(uri), 2000) ?? '(no URI)'
  const about = cleanRemoteText(redact(description === '' ? name : description))
  return about === undefined ? shown : `${shown.padEnd(20)}  ${about}`
}
