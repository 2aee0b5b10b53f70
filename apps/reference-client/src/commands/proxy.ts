import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { checkedFlags } from '../proxy/flags/checked-flags.ts'
import { maximumSeconds, portIn, secondsIn } from '../proxy/flags/parse.ts'
import { proxyFlags } from '../proxy/flags/table.ts'
import type { ProxyFlag, ProxyFlags } from '../proxy/flags/table.ts'
import type { CommandRunner } from './runner.ts'
import { commandName } from '../names.ts'

/** Adds `evergrant proxy`. */
export function addProxyCommand(program: Command, run: CommandRunner): void {
  const command = program
    .command('proxy')
    .argument('<mcp-url>')
    .argument('[callback-port]', 'port of the redirect URI', port)
    .description('connect a host that speaks stdio to an MCP server, with the shared sign-in')
    .addHelpText(
      'after',
      `\nExamples:\n  $ ${commandName} proxy https://mcp.example.com/mcp\n  $ ${commandName} config cursor https://mcp.example.com/mcp --write`,
    )
  for (const flag of proxyFlags) command.addOption(optionOf(flag))
  command.option('--trace <file>', 'draw the exchange in an HTML file, without secrets')
  command.action(async (serverUrl: string, callbackPort: number | undefined, flags: ProxyFlags) => {
    const given = { ...checkedFlags(serverUrl, flags), runsUntilStopped: true }
    await run.withoutStore(given, async (surroundings) => {
      const { runProxy } = await import('../proxy/run-proxy.ts')
      return await runProxy(serverUrl, callbackPort, flags, surroundings)
    })
  })
}

function optionOf({ flags, description, kind, choices, isPositive, refused }: ProxyFlag): Option {
  const option = new Option(flags, description)
  if (choices !== undefined) option.choices(choices)
  if (kind === 'seconds') option.argParser(secondsFrom(isPositive))
  if (kind === 'port') option.argParser(port)
  if (kind === 'list') option.argParser(appended)
  return refused === undefined ? option : option.hideHelp()
}

function appended(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text]
}

function secondsFrom(isPositive = false): (text: string) => number {
  return (text) => {
    const value = secondsIn(text, isPositive)
    if (value !== undefined) return value
    throw new InvalidArgumentError(
      `Expected a number of seconds ${isPositive ? 'above' : 'from'} 0, up to ${maximumSeconds}.`,
    )
  }
}

function port(text: string): number {
  const value = portIn(text)
  if (value !== undefined) return value
  throw new InvalidArgumentError('Expected a port from 1 to 65535.')
}
