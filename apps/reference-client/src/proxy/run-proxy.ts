import type { Surroundings } from '../connection/surroundings.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import { readSettings } from './flags/settings.ts'
import { versionBridge } from './bridge/version-bridge.ts'
import { assertAccepted } from './flags/refused.ts'
import type { ProxyFlags } from './flags/table.ts'
import { hostConnection } from './host/host-connection.ts'
import { describeError } from './relay/describe-error.ts'
import { keepAlive } from './relay/keep-alive.ts'
import type { Relay } from './relay/relay.ts'
import { relay } from './relay/relay.ts'
import { toolFilter } from './relay/tool-filter.ts'
import { releaseStartUpMemory } from './start-up-memory.ts'
import { chosenTransport } from './remote/chosen-transport.ts'
import { legacySse } from './remote/legacy-sse.ts'
import { streamableHttp } from './remote/streamable-http.ts'
import type { Deliver } from './remote/upstream.ts'
import { atMost } from './remote/waiting.ts'
import { wakeWatch } from './remote/wake.ts'
import { serverConnection } from './server-connection.ts'
import { commandName } from '../names.ts'

/** How long open requests get when the host closes stdin. Hosts wait about 2 s before they kill. */
const flushMilliseconds = 5000
/** How long the server may take to end the session. */
const closeMilliseconds = 1000

/** Connects the host on stdin and stdout to an MCP server, until the host closes stdin. */
export async function runProxy(
  serverUrl: string,
  port: number | undefined,
  flags: ProxyFlags,
  surroundings: Surroundings,
): Promise<CommandOutcome> {
  assertAccepted(flags)
  const { environment } = surroundings
  const { stdio } = environment
  if (stdio === undefined) {
    throw new CliError(
      'USAGE',
      `${commandName} proxy needs stdin and stdout. Start it from an MCP host.`,
    )
  }
  const settings = await readSettings(serverUrl, port, flags, environment.env)
  const say = (text: string): void => {
    if (settings.verbosity === 'debug') surroundings.say(`${commandName}: ${server.redact(text)}`)
  }
  const ignored = settings.signIn?.ignoredMetadata ?? []
  if (ignored.length > 0 && settings.verbosity !== 'silent') {
    surroundings.say(
      `${commandName}: --static-oauth-client-metadata: only "scope" is used. Ignored: ${ignored.join(', ')}.`,
    )
  }
  const host = hostConnection(stdio.input, stdio.output)
  const ended = new AbortController()
  const stopped = stopSignal(host.lost, environment.signal)
  const wakes = wakeWatch()
  const tools = toolFilter(settings.ignoredTools, say)
  let passing: Relay | undefined
  const deliver: Deliver = async (message) => passing?.deliver(message)
  const server = serverConnection(settings, surroundings, {
    signal: ended.signal,
    onSignedIn: () => passing?.signedIn(),
    onFailed(error) {
      if (settings.verbosity !== 'silent')
        surroundings.say(`${commandName}: ${describe(error).message}`)
    },
  })
  const context = { serverUrl, redact: server.redact }
  const describe = (error: unknown) => describeError(error, context)
  const transport = chosenTransport(settings.transport, {
    http: streamableHttp(serverUrl, {
      send: server.send,
      deliver,
      headerParameters: tools.headerParameters,
      wakes,
      say,
    }),
    sse: legacySse(serverUrl, { send: server.send, deliver, wakes }),
  })
  const upstream = settings.bridgesVersions
    ? versionBridge(transport, {
        toHost: (message) => host.write(message),
        signal: ended.signal,
      })
    : transport
  const relayed = relay({ host, upstream, tools, describe, signal: ended.signal, say })
  passing = relayed
  if (settings.pingSeconds !== undefined) {
    keepAlive({
      upstream,
      intervalSeconds: settings.pingSeconds,
      hasSession: () => relayed.hasSession(),
      signal: ended.signal,
    })
  }
  releaseStartUpMemory()
  try {
    await host.read((message) => relayed.receive(message), stopped)
    await relayed.finish(stopped.aborted ? 0 : flushMilliseconds)
    await upstream.close(AbortSignal.timeout(closeMilliseconds))
  } finally {
    ended.abort(new Error('the proxy ends'))
    wakes.close()
    await atMost(flushMilliseconds, server.close())
    stdio.input.destroy()
  }
  return { exitCode: exitCodes.done, document: {}, text: '' }
}

/** Aborts when the host is gone or the process is asked to end. */
function stopSignal(lost: AbortSignal, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? lost : AbortSignal.any([lost, signal])
}
