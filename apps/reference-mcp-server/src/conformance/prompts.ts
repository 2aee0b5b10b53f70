import { completable } from '@modelcontextprotocol/server'
import type { McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { image, text } from './samples.ts'

/** Prompts with each kind of content, one of them with completion. */
export function registerSuitePrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'Without arguments.' }, () => ({
    messages: [{ role: 'user', content: text('This is a simple prompt for testing.') }],
  }))
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'With two arguments.',
      argsSchema: z.object({
        arg1: completable(z.string(), (typed) => cities.filter((city) => city.startsWith(typed))),
        arg2: z.string(),
      }),
    },
    ({ arg1, arg2 }) => ({
      messages: [
        { role: 'user', content: text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`) },
      ],
    }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'With a resource.',
      argsSchema: z.object({ resourceUri: z.string() }),
    },
    ({ resourceUri }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'resource',
            resource: {
              uri: resourceUri,
              mimeType: 'text/plain',
              text: 'Embedded resource content for testing.',
            },
          },
        },
        { role: 'user', content: text('Please process the embedded resource above.') },
      ],
    }),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With an image.' }, () => ({
    messages: [
      { role: 'user', content: image },
      { role: 'user', content: text('Please analyze the image above.') },
    ],
  }))
}

const cities = ['paris', 'parma', 'prague']
