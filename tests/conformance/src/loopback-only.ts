/**
 * Preloaded into the conformance suite: its mock servers name no host to listen on, which means
 * all interfaces. Here they get 127.0.0.1.
 *
 * The hook sits below `listen()`, at the step that has the address already: a host given to
 * `listen()` is looked up first, and the suite asks for the port before that is done.
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
