import dns from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { showRemote } from '@evergrant/core'
import { guardLookup, isPublicAddress } from '@evergrant/core/network'
import { buildConnector } from 'undici'
import { EgressError } from '../protocol/egress-error.ts'

/** Which connections are allowed, and how names are resolved. */
export interface EgressRules {
  /**
   * Whether an address is allowed, as an IP address literal. Default `isPublicAddress`.
   *
   * @example
   * ```ts
   * (address) => isPublicAddress(address) || address === '10.0.0.5'
   * ```
   */
  readonly allowAddress?: ((address: string) => boolean) | undefined
  /** Whether plain `http` URLs are allowed. Default `false`. */
  readonly allowHttp?: boolean | undefined
  /** Resolves host names. Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined
}

/**
 * Opens connections that the rules allow. All connections, including those of redirects, use it, and
 * the checked address is the one that is connected to.
 */
export function guardedConnector(rules: EgressRules): buildConnector.connector {
  const { allowAddress = isPublicAddress, allowHttp = false } = rules
  const lookup: LookupFunction = guardLookup(rules.lookup ?? dns.lookup, allowAddress, (hostname) =>
    addressRefused(hostname, 'the name resolves to an address that is not publicly reachable'),
  )
  const connect = buildConnector({ lookup })

  return (options, callback) => {
    // In a URL, an IPv6 address has brackets.
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (options.protocol !== 'https:' && !allowHttp) {
      callback(httpRefused(host), null)
      return
    }
    // A literal address needs no lookup. The URL parser has already converted decimal, octal and
    // hexadecimal IPv4 addresses to the dotted form.
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
