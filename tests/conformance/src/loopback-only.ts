/**
 * Preloaded into the conformance suite. Its mock servers listen without a host, on all interfaces. This
 * hook makes them listen on 127.0.0.1.
 *
 * It replaces the step after the lookup of the host: with a host, `listen()` would be asynchronous, and
 * the suite reads the port immediately.
 */
import net from 'node:net'

interface ListenStep {
  _listen2: (this: net.Server, address: string | null, port: number, ...rest: unknown[]) => void
}

const steps = net.Server.prototype as unknown as ListenStep
const listenStep = steps._listen2

steps._listen2 = function listenOnLoopback(address, port, addressType, ...rest) {
  const isTcp = typeof port === 'number' && port >= 0
  if (address === null && isTcp) listenStep.call(this, '127.0.0.1', port, 4, ...rest)
  else listenStep.call(this, address, port, addressType, ...rest)
}
