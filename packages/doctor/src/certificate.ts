import { connect } from 'node:tls'
import type { CertificateFacts } from './observations/observations.ts'

const timeoutMilliseconds = 5000

/**
 * Reads the certificate of an https origin with a direct connection. Resolves with `undefined` if
 * that is not possible, also for a certificate that is not trusted: the request itself reports that.
 *
 * @param origin - Such as `https://mcp.example.com`.
 */
export async function readCertificate(origin: string): Promise<CertificateFacts | undefined> {
  const { hostname, host, port, protocol } = new URL(origin)
  if (protocol !== 'https:') return undefined
  return await new Promise((resolve) => {
    const socket = connect({
      host: hostname,
      port: port === '' ? 443 : Number(port),
      servername: hostname,
      timeout: timeoutMilliseconds,
    })
    const finish = (facts: CertificateFacts | undefined): void => {
      socket.destroy()
      resolve(facts)
    }
    socket.once('error', () => finish(undefined))
    socket.once('timeout', () => finish(undefined))
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate()
      const validUntil = Date.parse(certificate.valid_to)
      const validFrom = Date.parse(certificate.valid_from)
      if (Number.isNaN(validUntil)) finish(undefined)
      else {
        finish({
          host,
          protocol: socket.getProtocol() ?? 'unknown',
          validUntilEpochSeconds: Math.floor(validUntil / 1000),
          ...(Number.isNaN(validFrom)
            ? {}
            : { validFromEpochSeconds: Math.floor(validFrom / 1000) }),
        })
      }
    })
  })
}
