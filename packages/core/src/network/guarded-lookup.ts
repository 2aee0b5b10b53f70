/** One address of a host name. */
export interface ResolvedAddress {
  address: string
  family: number
}

/** Receives the result of a {@link Lookup}. */
export type LookupCallback = (
  error: Error | null,
  address: string | ResolvedAddress[],
  family?: number,
) => void

/** Resolves a host name, with the signature of `dns.lookup` of Node.js. */
export type Lookup<Options> = (
  hostname: string,
  options: Options & { all?: boolean | undefined },
  callback: LookupCallback,
) => void

/**
 * Adds an address rule to a lookup function. The connection uses an address of this same lookup, so
 * a name that resolves differently the second time (DNS rebinding) does not bypass the rule. One
 * refused address among several refuses the name.
 *
 * @param lookup - Resolves the names.
 * @param allowAddress - Whether a connection to an address is allowed.
 * @param refusal - Creates the error for a refused name.
 */
export function guardLookup<Options>(
  lookup: Lookup<Options>,
  allowAddress: (address: string) => boolean,
  refusal: (hostname: string) => Error,
): Lookup<Options> {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family = 0) => {
      const addresses = typeof found === 'string' ? [{ address: found, family }] : found
      const [first] = error === null ? addresses : []
      if (error !== null || first === undefined) {
        callback(
          error ?? new Error(`${JSON.stringify(hostname)} has no address. Check the host name.`),
          [],
        )
      } else if (!addresses.every(({ address }) => allowAddress(address))) {
        callback(refusal(hostname), [])
      } else if (options.all === true) {
        callback(null, addresses)
      } else {
        callback(null, first.address, first.family)
      }
    })
  }
}
