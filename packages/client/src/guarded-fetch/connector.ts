import dns from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { guardLookup, isPublicAddress, showRemote } from '@evergrant/core'
import { buildConnector } from 'undici'
import { EgressError } from '../protocol/egress-error.ts'

/** What may be connected to, and how names are resolved. */
export interface EgressRules {
  /**
   * Which addresses may be connected to, as IP address literals. Default `isPublicAddress`.
   *
   * @example
   * ```ts
   * (address) => isPublicAddress(address) || address === '10.0.0.5'
   * ```
   */
  readonly allowAddress?: ((address: string) => boolean) | undefined
  /** Whether plain `http` URLs are connected to. Default `false`. */
  readonly allowHttp?: boolean | undefined
  /** Resolves host names. Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined
}

/**
 * Opens connections by the rules. Every connection passes here, also those of redirects, and the
 * address that is checked is the one that is connected to.
 */
export function guardedConnector(rules: EgressRules): buildConnector.connector {
  const { allowAddress = isPublicAddress, allowHttp = false } = rules
  const lookup: LookupFunction = guardLookup(rules.lookup ?? dns.lookup, allowAddress, (hostname) =>
    addressRefused(hostname, 'the name resolves to an address that is not publicly reachable'),
  )
  const connect = buildConnector({ lookup })

  return (options, callback) => {
    // Brackets stand around an IPv6 address in a URL.
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (options.protocol !== 'https:' && !allowHttp) {
      callback(httpRefused(host), null)
      return
    }
    // A literal address is connected to without a lookup. The URL parser has turned decimal, octal
    // and hexadecimal IPv4 addresses into the dotted form by now.
    if (isIP(host) !== 0 && !allowAddress(host)) {
      callback(addressRefused(host, 'the address is not publicly reachable'), null)
      return
    }
    connect(options, callback)
  }
}

function addressRefused(host: string, why: string): EgressError {
  return new EgressError(
    'ADDRESS_NOT_ALLOWED',
    `Connection to ${showRemote(host)} refused: ${why} (expected a public address). Allow the ` +
      'address with the option allowAddress of guardedFetch if users may reach this host.',
  )
}

function httpRefused(host: string): EgressError {
  return new EgressError(
    'HTTPS_REQUIRED',
    `Connection to ${showRemote(host)} refused: the URL is not https. Use its https URL, or set ` +
      'the option allowHttp of guardedFetch.',
  )
}
