import { setTimeout as pause } from 'node:timers/promises'
import type { McpServer, ServerContext, ServerNotifier } from '@modelcontextprotocol/server'
import { text } from './samples.ts'

/** Announces changes of lists to the clients that listen. */
export type ListChanges = Pick<ServerNotifier, 'toolsChanged' | 'promptsChanged'>

/** The suite reads several notifications while a tool runs. */
const stepMilliseconds = 50
/** How long a client has to connect again. */
const reconnectionMilliseconds = 100

/** Tools that send notifications. */
export function registerNotifyingTools(server: McpServer, changes: ListChanges): void {
  server.registerTool(
    'test_tool_with_logging',
    { description: 'Sends three log messages.' },
    async ({ mcpReq }) => {
      await mcpReq.log('info', 'Tool execution started')
      await pause(stepMilliseconds)
      await mcpReq.log('info', 'Tool processing data')
      await pause(stepMilliseconds)
      await mcpReq.log('info', 'Tool execution completed')
      return { content: [text('Three log messages were sent.')] }
    },
  )
  server.registerTool(
    'test_logging_tool',
    { description: 'Sends a log message to a client that asks for log messages.' },
    async ({ mcpReq }) => {
      await mcpReq.log('info', 'A log message')
      return { content: [text('Done.')] }
    },
  )
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Reports progress in three steps.' },
    async (context) => {
      await reportProgress(context, 0)
      await pause(stepMilliseconds)
      await reportProgress(context, 50)
      await pause(stepMilliseconds)
      await reportProgress(context, 100)
      return { content: [text('Progress was reported.')] }
    },
  )
  server.registerTool(
    'test_reconnection',
    { description: 'Closes the stream of the call, then returns its result on another one.' },
    async ({ http }) => {
      http?.closeSSE?.()
      await pause(reconnectionMilliseconds)
      return { content: [text('The stream was closed and continued.')] }
    },
  )
  server.registerTool(
    'test_trigger_tool_change',
    { description: 'Announces a change of the list of tools.' },
    () => {
      changes.toolsChanged()
      return { content: [text('Announced.')] }
    },
  )
  server.registerTool(
    'test_trigger_prompt_change',
    { description: 'Announces a change of the list of prompts.' },
    () => {
      changes.promptsChanged()
      return { content: [text('Announced.')] }
    },
  )
}

async function reportProgress({ mcpReq }: ServerContext, progress: number): Promise<void> {
  const { progressToken } = mcpReq._meta ?? {}
  if (progressToken === undefined) return
  await mcpReq.notify({
    method: 'notifications/progress',
    params: { progressToken, progress, total: 100 },
  })
}
