import type { Answer, SimulatedRequest } from '../server/http.ts'
import { empty, readRequest } from '../server/http.ts'
import type { Life } from './machine.ts'
import type { World } from './world.ts'
import { timing } from './world.ts'

/** A `fetch` of one process. Nothing leaves this program. */
export type SimulatedFetch = typeof globalThis.fetch

/**
 * Requests take time, fail in an outage and when the machine falls asleep, and lose their response
 * when the month says so.
 *
 * @param killed - The process is to be killed now.
 */
export function networkOf(world: World, life: Life, killed: () => void): SimulatedFetch {
  const { timeline, machine } = world

  /** What a client gets for an answer, and when. */
  function settle(
    sentAt: number,
    half: number,
    isExchange: boolean,
    answer: Answer,
    { resolve, reject }: PromiseWithResolvers<Response>,
  ): void {
    const arrivesAt = timeline.now() + half
    const whenAlive = (callback: () => void) => () => {
      if (life.isAlive()) callback()
    }
    if (isExchange && world.takeFault('kills')) {
      machine.at(arrivesAt, whenAlive(killed))
      return
    }
    const isLost =
      machine.fellAsleep(sentAt, arrivesAt) ||
      answer.status === 0 ||
      (isExchange && world.takeFault('lostResponses'))
    const fail = (): void => reject(new TypeError('fetch failed'))
    machine.at(arrivesAt, whenAlive(isLost ? fail : () => resolve(responseOf(answer))))
  }

  function deliver(request: SimulatedRequest, seconds: number): Promise<Response> {
    const sentAt = timeline.now()
    const half = world.draw(seconds) / 2
    const response = Promise.withResolvers<Response>()
    async function arrive(): Promise<void> {
      const answer = await answerOf(world, request)
      const isExchange = isRefresh(request) && answer.status === 200
      settle(sentAt, half, isExchange, answer, response)
    }
    // A failure here is a mistake in the simulation, not in the network.
    timeline.at(sentAt + half, () => void arrive().catch(response.reject))
    return response.promise
  }

  return async (input, init) => {
    const request = await readRequest(input, init)
    const isToken = request.method === 'POST' && request.url.host !== 'mcp.example'
    return await deliver(request, isToken ? timing.tokenSeconds : timing.callSeconds)
  }
}

async function answerOf(world: World, request: SimulatedRequest): Promise<Answer> {
  if (request.url.host === 'mcp.example') return world.mcpServer.answer(request)
  const outage = world.outage()
  if (outage !== undefined) return empty(outage.kind === 'refused' ? 0 : 503)
  const answer = await world.as.answer(request)
  if (isRefresh(request)) {
    if (answer.status === 200) world.counts.refreshes += 1
    else world.counts.refusedRefreshes += 1
  }
  return answer
}

function isRefresh({ method, body }: SimulatedRequest): boolean {
  return method === 'POST' && body.includes('grant_type=refresh_token')
}

function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body === '' ? null : body, { status, headers })
}
