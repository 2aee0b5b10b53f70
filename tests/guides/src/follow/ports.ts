/** Ports: a page names fixed ones, and the script uses free ones. */
import { freePorts } from '@evergrant/test-kit'
import type { Guide } from './plan.ts'

/** The port at which `evergrant-as` listens if a command names none. */
export const authorizationServerPort = '9400'
/** The port of the MCP server in pages that use the servers of the tutorial. */
export const mcpServerPort = '9500'

export interface Ports {
  /** The free port that is used instead of the port of the page. */
  of(port: string): string
  /** Replaces the ports of the page. */
  used(text: string): string
  /** Replaces the used ports by those of the page. */
  shown(text: string): string
}

export async function portsOf({ steps }: Guide): Promise<Ports> {
  const found = new Set([authorizationServerPort, mcpServerPort])
  for (const step of steps) {
    const text = step.kind === 'write' ? step.text : step.fence.code
    for (const [, port = ''] of text.matchAll(
      /(?:127\.0\.0\.1:|localhost:|--port |port = |port: |listen\()(\d{4,5})\b/g,
    )) {
      found.add(port)
    }
  }
  const free = await freePorts(found.size)
  const pairs = [...found].map((port, index) => [port, String(free[index])] as const)
  const replaced = (text: string, from: 0 | 1, to: 0 | 1): string =>
    pairs.reduce(
      (result, pair) => result.replaceAll(new RegExp(`\\b${pair[from]}\\b`, 'g'), pair[to]),
      text,
    )
  return {
    of: (port) => replaced(port, 0, 1),
    used: (text) => replaced(text, 0, 1),
    shown: (text) => replaced(text, 1, 0),
  }
}
