import { localhostAllowedOrigins } from '@modelcontextprotocol/server'

/**
 * Returns the rule for the origins of pages that may call the server: pages of this machine and of the
 * resource's own host, on any port, and the configured origins.
 *
 * @param configured - Serialized origins, compared exactly.
 */
export function admittedOrigins(
  resource: string,
  configured: readonly string[],
): (origin: string) => boolean {
  const hostnames = new Set([...localhostAllowedOrigins(), new URL(resource).hostname])
  return (origin) => {
    if (configured.includes(origin)) return true
    const url = URL.parse(origin)
    return url !== null && url.origin === origin && hostnames.has(url.hostname)
  }
}
