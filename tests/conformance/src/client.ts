/**
 * The client under test: the MCP SDK 2.x with an Evergrant session. The suite passes the URL of the
 * server as the last argument, and the scenario in the environment.
 */
import process from 'node:process'
import type { ClientConfiguration, SessionOptions } from '@evergrant/client'
import { createSession, discover } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'

const serverUrl = process.argv.at(-1) ?? ''
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? ''
const isModern = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] === '2026-07-28'
const clientInfo = { name: 'evergrant-conformance', version: '1.0.0' }

const contextSchema = z.object({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  toolCalls: z
    .array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }))
    .optional(),
})
const context = contextSchema.parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'))

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  tools_call: listAndCall,
  'request-metadata': async () => {
    const client = await connect(globalThis.fetch, {
      roots: { listChanged: true },
      sampling: {},
      elicitation: {},
    })
    await client.close()
  },
  'json-schema-ref-no-deref': async () => {
    const client = await connect(globalThis.fetch)
    await client.listTools()
    await client.close()
  },
  'http-standard-headers': callEverything,
  'http-custom-headers': makeListedCalls,
  'http-invalid-tool-headers': callListedTools,
  'sep-2322-client-request-state': answerElicitations,
  'json-schema-2020-12-preservation': echoSchema,
}

await (scenario.startsWith('auth/') ? callSignedIn() : (scenarios[scenario] ?? listAndCall)())

async function callSignedIn(): Promise<void> {
  const session = createSession(serverUrl, await sessionOptions())
  const client = await connect(authorizedFetch(session))
  await client.listTools()
  await client.callTool({ name: 'test-tool', arguments: {} })
  await client.close()
}

async function sessionOptions(): Promise<SessionOptions> {
  return {
    store: memoryStore(),
    client: await clientConfiguration(),
    signIn: headlessSignIn(),
    preferences: { dpop: 'when-advertised' },
  }
}

async function clientConfiguration(): Promise<ClientConfiguration> {
  const { name } = clientInfo
  if (context.client_id !== undefined) {
    const { authorizationServer } = await discover(serverUrl)
    const { client_id: clientId, client_secret: clientSecret } = context
    return {
      name,
      preRegistered: {
        [authorizationServer.issuer]: {
          clientId,
          ...(clientSecret === undefined ? {} : { clientSecret }),
        },
      },
    }
  }
  const clientIdMetadataUrl =
    process.env['EVERGRANT_CONFORMANCE_CLIENT_ID'] ??
    (scenario === 'auth/basic-cimd' ? 'https://conformance-test.local/client-metadata.json' : '')
  return clientIdMetadataUrl === '' ? { name } : { name, clientIdMetadataUrl }
}

async function connect(
  fetch: typeof globalThis.fetch,
  capabilities: ConstructorParameters<typeof Client>[1] extends infer Options
    ? NonNullable<Options> extends { capabilities?: infer Capabilities }
      ? Capabilities
      : never
    : never = {},
): Promise<Client> {
  const client = new Client(clientInfo, { capabilities, versionNegotiation: { mode: 'auto' } })
  if (scenario === 'sep-2322-client-request-state') {
    client.setRequestHandler('elicitation/create', () =>
      Promise.resolve({ action: 'accept' as const, content: { confirmed: true } }),
    )
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(serverUrl), { fetch }))
  return client
}

async function listAndCall(): Promise<void> {
  const client = await connect(globalThis.fetch)
  const { tools } = await client.listTools()
  if (tools.some(({ name }) => name === 'add_numbers')) {
    await client.callTool({ name: 'add_numbers', arguments: { a: 5, b: 3 } })
  }
  await client.close()
}

async function callEverything(): Promise<void> {
  const client = await connect(discoveringLocally)
  const [tool] = (await client.listTools()).tools
  if (tool !== undefined) await client.callTool({ name: tool.name, arguments: {} })
  const [resource] = (await client.listResources()).resources
  if (resource !== undefined) await client.readResource({ uri: resource.uri })
  const [prompt] = (await client.listPrompts()).prompts
  if (prompt !== undefined) await client.getPrompt({ name: prompt.name, arguments: {} })
  await client.close()
}

async function makeListedCalls(): Promise<void> {
  const client = await connect(discoveringLocally)
  await client.listTools()
  for (const call of context.toolCalls ?? []) await client.callTool(call)
  await client.close()
}

async function callListedTools(): Promise<void> {
  const client = await connect(discoveringLocally)
  const { tools } = await client.listTools()
  for (const { name } of tools) await client.callTool({ name, arguments: { region: 'us-west1' } })
  await client.close()
}

async function answerElicitations(): Promise<void> {
  const client = await connect(discoveringLocally, { elicitation: {} })
  for (const name of ['test_mrtr_echo_state', 'test_mrtr_no_state', 'test_mrtr_unrelated']) {
    await client.callTool({ name, arguments: {} })
  }
  // The response violates the protocol. The client must reject it, and must not retry.
  await client
    .callTool({ name: 'test_mrtr_no_result_type', arguments: {} })
    .catch((error: unknown) => process.stderr.write(`rejected as expected: ${String(error)}\n`))
  await client.close()
}

async function echoSchema(): Promise<void> {
  const client = await connect(globalThis.fetch)
  const { tools } = await client.listTools()
  const observed = tools.find(({ name }) => name === 'json_schema_2020_12_tool')
  if (observed === undefined) throw new Error('The tool json_schema_2020_12_tool is not listed.')
  await client.callTool({ name: 'json_schema_echo', arguments: { schema: observed.inputSchema } })
  await client.close()
}

/**
 * The mock servers of three scenarios test requests of 2026-07-28, but do not answer `server/discover`.
 * This function answers it, and passes on all other requests.
 */
async function discoveringLocally(
  input: Parameters<typeof globalThis.fetch>[0],
  init?: RequestInit,
): Promise<Response> {
  const message = z
    .object({ method: z.string(), id: z.union([z.string(), z.number()]).optional() })
    .safeParse(typeof init?.body === 'string' ? JSON.parse(init.body) : undefined)
  if (!isModern || message.data?.method !== 'server/discover') {
    return await globalThis.fetch(input, init)
  }
  return Response.json({
    jsonrpc: '2.0',
    id: message.data.id,
    result: {
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: { listChanged: true }, resources: {}, prompts: {} },
      _meta: { 'io.modelcontextprotocol/serverInfo': clientInfo },
    },
  })
}
