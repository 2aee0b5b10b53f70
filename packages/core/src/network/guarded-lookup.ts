/** One address of a host name. */
export interface ResolvedAddress {
  address: string
  family: number
}

/** Hears the outcome of a {@link Lookup}. */
export type LookupCallback = (
  error: Error | null,
  address: string | ResolvedAddress[],
  family?: number,
) => void

/** Resolves a host name as `dns.lookup` of Node.js does. */
export type Lookup<Options> = (
  hostname: string,
  options: Options & { all?: boolean | undefined },
  callback: LookupCallback,
) => void

/**
 * Puts a rule about addresses into a lookup function. A connection is made to an address that this
 * very lookup gave, so a name that resolves differently the second time (DNS rebinding) gains
 * nothing. One refused address among several refuses the name.
 *
 * @param lookup - Resolves the names.
 * @param allowAddress - Which addresses may be connected to.
 * @param refusal - Makes the error for a name that is refused.
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
        callback(error ?? new Error(`${JSON.stringify(hostname)} has no address.`), [])
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
