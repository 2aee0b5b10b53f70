import { Pool } from 'undici'
import type { Dispatcher } from 'undici'

/** How long a proxy may take to connect. Without a limit, it would keep the process alive for minutes. */
const answerMilliseconds = 15_000

/** The connections to a proxy for tunnels (CONNECT). */
export class TunnelPool extends Pool {
  constructor(origin: URL, options: Pool.Options) {
    super(origin, { ...options, headersTimeout: answerMilliseconds })
  }

  /** The proxy agent uses only the form with a promise. */
  override connect(options: Dispatcher.ConnectOptions): Promise<never>
  override async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    try {
      return await super.connect(options)
    } catch (cause) {
      // After an error with the code UND_ERR_SOCKET, undici connects again in an endless loop
      // (https://github.com/nodejs/undici/issues/3897).
      throw new Error('The proxy gave no answer to CONNECT', { cause })
    }
  }
}
