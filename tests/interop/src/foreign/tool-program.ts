import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { walkThroughPages } from '@evergrant/test-kit'
import { redirectUri } from '../browser.ts'
import { endChild, keepTrack } from './children.ts'

/** An MCP client in another language, as a child process. */
export interface ToolProgram {
  /** Calls a tool. Rejects if the call fails. */
  call(tool: string, toolArguments?: Readonly<Record<string, string>>): Promise<void>
  /** Ends the process. */
  close(): Promise<void>
}

// The first call includes the start of the program and the sign-in, on a machine that may be busy.
const callTimeoutMilliseconds = 60_000

/** What a program writes to its standard output, one line each. */
interface Message {
  /** The URL that its user's browser must open. */
  readonly authorize?: string
  readonly id?: number
  readonly error?: string | null
}

/**
 * Starts a program with the URL of an MCP server and a redirect URI. It reads and writes lines of
 * JSON: tool calls with an ID, their results, and the pages of sign-ins.
 */
export function startToolProgram(command: readonly string[], mcpUrl: string): ToolProgram {
  const [file = '', ...parameters] = command
  const child = spawn(file, [...parameters, mcpUrl, redirectUri], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  keepTrack(child)
  const waiting = new Map<number, (error: string | null) => void>()
  let nextId = 1
  let complaint = ''
  const refuseAll = (reason: string): void => {
    for (const settle of waiting.values()) settle(reason)
  }
  child.once('error', (error) => refuseAll(error.message))
  child.once('close', () => refuseAll('the program ended'))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000)
  })
  // Its process can end before it has read everything.
  child.stdin.on('error', () => undefined)
  createInterface(child.stdout).on('line', (line) => {
    const message: Message = JSON.parse(line)
    if (message.authorize !== undefined) {
      walkThroughPages(message.authorize, { redirectUri }).then(
        (callback) => send({ callback }),
        (error: unknown) =>
          send({ callback: `${redirectUri}?error=${encodeURIComponent(String(error))}` }),
      )
    } else if (message.id !== undefined) {
      waiting.get(message.id)?.(message.error ?? null)
    }
  })

  function send(message: object): void {
    child.stdin.write(`${JSON.stringify(message)}\n`)
  }

  return {
    async call(tool, toolArguments = {}) {
      const id = nextId
      nextId += 1
      await new Promise<void>((resolve, reject) => {
        const limit = setTimeout(
          () => settle(`no answer after ${callTimeoutMilliseconds / 1000} s`),
          callTimeoutMilliseconds,
        )
        const settle = (error: string | null): void => {
          clearTimeout(limit)
          waiting.delete(id)
          if (error === null) resolve()
          else reject(new Error(`${tool}: ${error}\n${complaint.trim()}`))
        }
        waiting.set(id, settle)
        if (child.exitCode !== null) settle('the program ended')
        else send({ id, tool, arguments: toolArguments })
      })
    },
    async close() {
      await endChild(child)
    },
  }
}
