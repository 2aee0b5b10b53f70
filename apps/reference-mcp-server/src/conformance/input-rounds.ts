import { acceptedContent, inputRequired, inputResponse } from '@modelcontextprotocol/server'
import type {
  InputRequest,
  InputRequests,
  McpServer,
  RequestStateCodec,
} from '@modelcontextprotocol/server'
import * as z from 'zod'
import { ask } from './input-tools.ts'
import { text } from './samples.ts'

/** What a tool remembers between two rounds. The client returns it, signed by this server. */
export interface RoundState {
  readonly round: number
  readonly name?: string
}

const nameSchema = z.object({ name: z.string() })

/** Tools and a prompt of SEP-2322 that need one or several rounds of input. */
export function registerInputRounds(
  server: McpServer,
  states: RequestStateCodec<RoundState>,
): void {
  registerSingleRounds(server)
  registerRoundsWithState(server, states)
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks the user for the context.' },
    ({ mcpReq }) => {
      const schema = z.object({ context: z.string() })
      const given = acceptedContent(mcpReq.inputResponses, 'user_context', schema)
      if (given === undefined) {
        const message = 'What context should the prompt use?'
        const question = inputRequired.elicit({ message, requestedSchema: schema })
        return inputRequired({ inputRequests: { user_context: question } })
      }
      return { messages: [{ role: 'user', content: text(`Use this context: ${given.context}`) }] }
    },
  )
}

function registerSingleRounds(server: McpServer): void {
  server.registerTool(
    'test_input_required_result_elicitation',
    { description: 'Asks the user for a name.' },
    ({ mcpReq }) => {
      const given = acceptedContent(mcpReq.inputResponses, 'user_name', nameSchema)
      if (given === undefined) {
        return inputRequired({ inputRequests: { user_name: askName('What is your name?') } })
      }
      return { content: [text(`Hello, ${given.name}!`)] }
    },
  )
  server.registerTool(
    'test_input_required_result_sampling',
    { description: 'Asks the model of the client for a capital.' },
    ({ mcpReq }) => {
      const given = inputResponse(mcpReq.inputResponses, 'capital_question')
      if (given.kind !== 'sampling') {
        const question = ask('What is the capital of France?')
        return inputRequired({ inputRequests: { capital_question: question } })
      }
      return { content: [text(JSON.stringify(given.result.content))] }
    },
  )
  server.registerTool(
    'test_input_required_result_list_roots',
    { description: 'Asks the client for its roots.' },
    ({ mcpReq }) => {
      const given = inputResponse(mcpReq.inputResponses, 'client_roots')
      if (given.kind !== 'roots') {
        return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
      }
      return { content: [text(given.roots.map(({ uri }) => uri).join(' '))] }
    },
  )
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Asks only for input that the client can give.' },
    ({ mcpReq }) => {
      const requests = possibleRequests(server)
      const isMissing = Object.keys(requests).some(
        (key) => inputResponse(mcpReq.inputResponses, key).kind === 'missing',
      )
      return isMissing
        ? inputRequired({ inputRequests: requests })
        : { content: [text('Thank you.')] }
    },
  )
}

function possibleRequests(server: McpServer): InputRequests {
  const { elicitation, sampling, roots } = server.server.getClientCapabilities() ?? {}
  return {
    ...(elicitation === undefined ? {} : { user_name: askName('What is your name?') }),
    ...(sampling === undefined ? {} : { greeting: ask('Generate a greeting') }),
    ...(roots === undefined ? {} : { client_roots: inputRequired.listRoots() }),
  }
}

function registerRoundsWithState(server: McpServer, states: RequestStateCodec<RoundState>): void {
  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ]) {
    server.registerTool(
      name,
      { description: 'Asks for a confirmation, and checks the returned state.' },
      async ({ mcpReq }) => {
        const schema = z.object({ ok: z.boolean() })
        const state = mcpReq.requestState<RoundState>()
        const given = acceptedContent(mcpReq.inputResponses, 'confirm', schema)
        if (state?.round === 1 && given !== undefined) return { content: [text('state-ok')] }
        const confirm = inputRequired.elicit({ message: 'Please confirm', requestedSchema: schema })
        const requestState = await states.mint({ round: 1 })
        return inputRequired({ inputRequests: { confirm }, requestState })
      },
    )
  }
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    { description: 'Asks the user, the model and the client at once.' },
    async ({ mcpReq }) => {
      const { inputResponses } = mcpReq
      const given = acceptedContent(inputResponses, 'user_name', nameSchema)
      const isComplete =
        mcpReq.requestState<RoundState>()?.round === 1 &&
        inputResponse(inputResponses, 'greeting').kind === 'sampling' &&
        inputResponse(inputResponses, 'client_roots').kind === 'roots'
      if (isComplete && given !== undefined) return { content: [text(`Hello, ${given.name}!`)] }
      return inputRequired({
        inputRequests: {
          user_name: askName('What is your name?'),
          greeting: ask('Generate a greeting'),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await states.mint({ round: 1 }),
      })
    },
  )
  registerTwoRounds(server, states)
}

function registerTwoRounds(server: McpServer, states: RequestStateCodec<RoundState>): void {
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks for a name, then for a color.' },
    async ({ mcpReq }) => {
      const colorSchema = z.object({ color: z.string() })
      const { round = 0, name } = mcpReq.requestState<RoundState>() ?? {}
      const first = acceptedContent(mcpReq.inputResponses, 'step1', nameSchema)
      const second = acceptedContent(mcpReq.inputResponses, 'step2', colorSchema)
      if (round === 2 && name !== undefined && second !== undefined) {
        return { content: [text(`${name} likes ${second.color}.`)] }
      }
      const known = round === 2 ? name : first?.name
      if (round === 0 || known === undefined) {
        return inputRequired({
          inputRequests: { step1: askName('Step 1: What is your name?') },
          requestState: await states.mint({ round: 1 }),
        })
      }
      const step2 = inputRequired.elicit({
        message: 'Step 2: What is your favorite color?',
        requestedSchema: colorSchema,
      })
      return inputRequired({
        inputRequests: { step2 },
        requestState: await states.mint({ round: 2, name: known }),
      })
    },
  )
}

function askName(message: string): InputRequest {
  return inputRequired.elicit({ message, requestedSchema: nameSchema })
}
