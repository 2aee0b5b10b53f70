import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerWithFault } from '../faults.ts'
import type { Fault } from '../faults.ts'
import { parseRequest } from '../request-log.ts'
import type { LoggedRequest } from '../request-log.ts'
import { readBody } from '../server.ts'
import type { Answer } from './answers.ts'
import { redirectError } from './authorization-codes.ts'
import type { AuthorizationServerEndpoint } from './scripted-server.ts'

/** One function per endpoint. */
export type EndpointAnswers = Readonly<
  Record<
    AuthorizationServerEndpoint,
    (request: ReturnType<typeof parseRequest>) => Answer | Promise<Answer>
  >
>

/** How requests are answered and logged. */
export interface RequestHandling {
  readonly issuer: string
  readonly routes: ReadonlyMap<string, AuthorizationServerEndpoint>
  readonly answers: EndpointAnswers
  readonly faults: Readonly<Record<AuthorizationServerEndpoint, Fault[]>>
  readonly requests: LoggedRequest<AuthorizationServerEndpoint>[]
}

/** Logs a request, and answers it with the next fault of its endpoint. */
export async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { issuer, routes, answers, faults, requests }: RequestHandling,
): Promise<void> {
  const parsed = parseRequest(request, await readBody(request))
  const endpoint = routes.get(parsed.path)
  if (endpoint === undefined) {
    response.writeHead(404).end()
    return
  }
  const fault = faults[endpoint].shift() ?? { kind: 'pass' }
  const index = requests.length
  requests.push({ endpoint, ...parsed, outcome: 'not-reached', fault: fault.kind })
  if (fault.kind === 'oauth-error' && endpoint === 'authorize') {
    const { status, headers } = redirectError(issuer, parsed.query, fault.error, fault.description)
    response.writeHead(status, headers).end()
    return
  }
  await answerWithFault(response, fault, async () => {
    const answer = await answers[endpoint](parsed)
    requests[index] = { endpoint, ...parsed, outcome: answer.outcome, fault: fault.kind }
    return answer
  })
}
