import { isRecord } from '../messages/message.ts'
import { protocolVersionMember } from '../remote/request-headers.ts'

/** The first protocol version without a handshake. */
export const modernVersion = '2026-07-28'

/** What the host said in its handshake, which every request repeats since 2026-07-28. */
export interface HostIdentity {
  readonly clientInfo: unknown
  readonly capabilities: Readonly<Record<string, unknown>>
  /** What `logging/setLevel` chose. */
  logLevel: unknown
}

/** Parameters with the metadata that 2026-07-28 requires in every request. */
export function requestMeta(
  params: Readonly<Record<string, unknown>>,
  { clientInfo, capabilities, logLevel }: HostIdentity,
): Readonly<Record<string, unknown>> {
  const given = isRecord(params['_meta']) ? params['_meta'] : {}
  return {
    ...params,
    _meta: {
      ...given,
      [protocolVersionMember]: modernVersion,
      ...(clientInfo === undefined ? {} : { 'io.modelcontextprotocol/clientInfo': clientInfo }),
      'io.modelcontextprotocol/clientCapabilities': capabilities,
      ...(logLevel === undefined ? {} : { 'io.modelcontextprotocol/logLevel': logLevel }),
    },
  }
}
