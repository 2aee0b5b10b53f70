import { inputRequired, inputResponse } from '@modelcontextprotocol/server'
import type {
  CallToolResult,
  ElicitRequestFormParams,
  InputRequest,
  InputRequiredResult,
  McpServer,
  ServerContext,
} from '@modelcontextprotocol/server'
import * as z from 'zod'
import { text } from './samples.ts'

type RequestedSchema = ElicitRequestFormParams['requestedSchema']

/**
 * Tools that need input of the client: they return what they need, and are called again with it. For a
 * client of 2025-11-25, the SDK sends requests on the stream of the call instead.
 */
export function registerInputTools(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    {
      description: 'Asks the model of the client.',
      inputSchema: z.object({ prompt: z.string() }),
    },
    ({ prompt }, context) => sampled(context, prompt),
  )
  server.registerTool(
    'test_missing_capability',
    { description: 'Requires the capability sampling.' },
    (context) => sampled(context, 'Hello'),
  )
  server.registerTool(
    'test_elicitation',
    {
      description: 'Asks the user for a name and an email address.',
      inputSchema: z.object({ message: z.string() }),
    },
    ({ message }, context) => elicited(context, message, contactSchema, 'User response'),
  )
  server.registerTool(
    'test_streaming_elicitation',
    { description: 'Asks the user for a name and an email address.' },
    (context) => elicited(context, 'Who are you?', contactSchema, 'User response'),
  )
  server.registerTool(
    'test_elicitation_sep1034_defaults',
    { description: 'Asks for values of each type, with defaults.' },
    (context) =>
      elicited(context, 'Check the values.', schemaWithDefaults, 'Elicitation completed'),
  )
  server.registerTool(
    'test_elicitation_sep1330_enums',
    { description: 'Asks for a choice, in each form of a list.' },
    (context) => elicited(context, 'Choose.', schemaWithChoices, 'Elicitation completed'),
  )
}

function sampled({ mcpReq }: ServerContext, prompt: string): CallToolResult | InputRequiredResult {
  const answer = inputResponse(mcpReq.inputResponses, 'answer')
  if (answer.kind !== 'sampling') return inputRequired({ inputRequests: { answer: ask(prompt) } })
  const parts = [answer.result.content].flat()
  const words = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  return { content: [text(`LLM response: ${words.join(' ')}`)] }
}

export function ask(prompt: string): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: text(prompt) }],
    maxTokens: 100,
  })
}

function elicited(
  { mcpReq }: ServerContext,
  message: string,
  requestedSchema: RequestedSchema,
  label: string,
): CallToolResult | InputRequiredResult {
  const response = inputResponse(mcpReq.inputResponses, 'input')
  if (response.kind !== 'elicit') {
    const input = inputRequired.elicit({ message, requestedSchema })
    return inputRequired({ inputRequests: { input } })
  }
  const { action, content = {} } = response
  return { content: [text(`${label}: action=${action}, content=${JSON.stringify(content)}`)] }
}

const contactSchema: RequestedSchema = {
  type: 'object',
  properties: {
    username: { type: 'string', description: 'Your name' },
    email: { type: 'string', description: 'Your email address' },
  },
  required: ['username', 'email'],
}

const schemaWithDefaults: RequestedSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
}

const schemaWithChoices: RequestedSchema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: {
      type: 'array',
      items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  },
}

function titled(noun: string): { const: string; title: string }[] {
  return ['First', 'Second', 'Third'].map((ordinal, index) => ({
    const: `value${index + 1}`,
    title: `${ordinal} ${noun}`,
  }))
}
