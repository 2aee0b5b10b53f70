import { expect, test } from 'vitest'
import { answerHandshake, answerJson, scriptedMcp, startProxy } from './proxy-support.ts'
import type { SeenRequest } from './proxy-support.ts'

const session = ({ headers }: SeenRequest): unknown => headers['mcp-session-id']

test('proxy: starts one session for calls that the server refuses one after the other', async () => {
  let sessions = 0
  const refuseLate = Promise.withResolvers<void>()
  await using mcp = await scriptedMcp(async (request, response) => {
    if (request.body.method === 'initialize') sessions += 1
    if (answerHandshake(request, response, { sessionId: `session-${sessions}` })) return
    if (session(request) === 'session-1') {
      if (request.body.id === 'late') await refuseLate.promise
      response.writeHead(404).end()
      return
    }
    answerJson(response, { jsonrpc: '2.0', id: request.body.id, result: {} })
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  proxy.send({ id: 'late', method: 'tools/call' })
  await mcp.untilSeen(({ body }) => body.id === 'late')
  expect((await proxy.request('tools/call')).result).toEqual({})
  refuseLate.resolve()
  expect((await proxy.until(({ id }) => id === 'late')).result).toEqual({})
  expect(sessions).toBe(2)
})

test('proxy: starts a session later, if the server fails when it should start one', async () => {
  let initializations = 0
  await using mcp = await scriptedMcp((request, response) => {
    if (request.body.method === 'initialize') {
      initializations += 1
      if (initializations === 2) {
        response.writeHead(503).end()
        return
      }
    }
    if (answerHandshake(request, response, { sessionId: `session-${initializations}` })) return
    if (session(request) === 'session-3') {
      answerJson(response, { jsonrpc: '2.0', id: request.body.id, result: {} })
      return
    }
    response.writeHead(session(request) === undefined ? 400 : 404).end()
  })
  await using proxy = startProxy([mcp.url])
  await proxy.initialize()
  expect((await proxy.request('tools/call')).error?.message).toContain('503')
  expect((await proxy.request('tools/call')).result).toEqual({})
})
