import type { AccessRefused, AuthenticationDecision } from '../access/decision.ts'
import type { ResourceServer } from '../access/resource-server.ts'
import { notify } from '../lib/notify.ts'
import { callerInfo } from './caller-info.ts'
import type { CallerInfo } from './caller-info.ts'

/** Options of `tokenVerifier`. */
export interface TokenVerifierOptions {
  /**
   * Receives every decision, for logs and counters. The SDK answers a refusal without its cause, so this
   * is the only place that says why a token could not be verified. Errors that it throws are ignored.
   */
  readonly observe?: (decision: AuthenticationDecision) => void
}

/**
 * Verifies a token that `requireBearerAuth` of an MCP SDK took from the `Authorization` header. The SDK
 * passes nothing else of the request.
 *
 * @param errorFor - Creates the error of the SDK.
 */
export async function verifyBearerToken(
  resourceServer: ResourceServer,
  token: string,
  { observe }: TokenVerifierOptions,
  errorFor: (refusal: AccessRefused) => Error,
): Promise<CallerInfo> {
  const request = { authorization: `Bearer ${token}`, url: '/' }
  const decision = await resourceServer.authenticate(request)
  notify(observe, decision)
  if (!decision.authenticated) throw errorFor(decision.refusal)
  return callerInfo(resourceServer, decision.token)
}
