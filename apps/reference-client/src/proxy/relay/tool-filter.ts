import type { Message, RequestMessage } from '../messages/message.ts'
import { isRecord, messageFrom, paramsOf } from '../messages/message.ts'
import type { RpcError } from '../messages/rpc-errors.ts'
import { rpcErrorCodes } from '../messages/rpc-errors.ts'
import { readHeaderParameters } from '../remote/request-headers.ts'
import type { HeaderParameters } from '../remote/request-headers.ts'

/** Hides tools from the host. */
export interface ToolFilter {
  /** Parameters that requests copy into headers, by tool. Filled by `filterResult`. */
  readonly headerParameters: HeaderParameters
  /** The error for a call of a hidden tool. */
  refuse(request: RequestMessage): RpcError | undefined
  /** A result without the hidden tools. Other responses are returned unchanged. */
  filterResult(request: RequestMessage, response: Message): Message
}

/**
 * Makes a filter.
 *
 * @param patterns - Names of tools, with `*` for any characters. Case does not matter.
 */
export function toolFilter(patterns: readonly string[], say: (text: string) => void): ToolFilter {
  const expressions = patterns.map((pattern) => expressionOf(pattern))
  const headerParameters: Parameters<typeof readHeaderParameters>[1] = new Map()

  function isHidden(name: unknown): boolean {
    return typeof name === 'string' && expressions.some((one) => one.test(name))
  }

  return {
    headerParameters,
    refuse(request) {
      if (expressions.length === 0 || request.method !== 'tools/call') return undefined
      const { name } = paramsOf(request)
      if (!isHidden(name)) return undefined
      return {
        code: rpcErrorCodes.invalidParams,
        message: `The tool ${JSON.stringify(name)} is hidden by --ignore-tool. Change that option of the proxy to use it.`,
      }
    },
    filterResult(request, response) {
      if (request.method !== 'tools/list') return response
      const copies = response.text.includes('x-mcp-header')
      if (expressions.length === 0 && !copies) return response
      const { result } = response.body
      if (!isRecord(result) || !Array.isArray(result['tools'])) return response
      const tools: readonly unknown[] = result['tools']
      const invalid = copies ? readHeaderParameters(tools, headerParameters) : []
      for (const name of invalid) {
        say(`The tool ${JSON.stringify(name)} is left out: its x-mcp-header members are invalid.`)
      }
      const kept = tools.filter((tool) => {
        const name = isRecord(tool) ? tool['name'] : undefined
        return !isHidden(name) && !invalid.includes(String(name))
      })
      if (kept.length === tools.length) return response
      return messageFrom({ ...response.body, result: { ...result, tools: kept } })
    },
  }
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern
    .split('*')
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 'i')
}
