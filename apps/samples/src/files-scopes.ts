/** The scopes of the MCP servers in `resource-server-sdk-v1.ts`, `-sdk-v2.ts`, `-hono.ts` and `-fastify.ts`. */
import * as z from 'zod'

const toolCall = z.object({
  method: z.literal('tools/call'),
  params: z.object({ name: z.string() }),
})

/** All scopes that each tool requires, so that one challenge can name all of them. */
const toolScopes: ReadonlyMap<string, readonly string[]> = new Map([
  // The result contains the old content, so the tool also reads.
  ['replace_file', ['files:read', 'files:write']],
])

/**
 * Returns all scopes that a JSON-RPC message requires.
 *
 * @param message - The parsed body; an array is a batch, which clients before 2025-06-18 may send.
 */
export function requiredScopes(message: unknown): readonly string[] {
  const messages: readonly unknown[] = Array.isArray(message) ? message : [message]
  const scopes = messages.flatMap((one) => {
    const { data } = toolCall.safeParse(one)
    return toolScopes.get(data?.params.name ?? '') ?? ['files:read']
  })
  return [...new Set(scopes)]
}
