import { providerProfiles } from '@evergrant/core'
import { Command, Option } from 'commander'
import type { App } from '../connection/app.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import { jsonObject, wholeNumber } from '../lib/arguments.ts'
import type { CliEnvironment, CommandOutcome } from '../lib/environment.ts'
import { version } from '../lib/version.ts'
import { call } from './call.ts'
import type { CallFlags } from './call.ts'
import { login } from './login.ts'
import type { LoginFlags } from './login.ts'
import { logout } from './logout.ts'
import { status } from './status.ts'
import { tools } from './tools.ts'

/** Runs one command. */
export type Run = (
  serverUrl: string | undefined,
  work: (app: App) => Promise<CommandOutcome>,
) => Promise<void>

/** The commands and their options. */
export function createProgram(environment: CliEnvironment, json: boolean, run: Run): Command {
  const program = new Command('evergrant')
    .description('Sign in to an MCP server once, and stay signed in')
    .version(version)
    .exitOverride()
    .configureOutput({
      // Commander's output is not a JSON document.
      writeOut: json ? environment.stderr : environment.stdout,
      writeErr: environment.stderr,
    })

  signInCommand(program, 'login <mcp-url>', 'sign in, and save the tokens')
    .option('--explain', 'explain, rule by rule, which scope is requested and why')
    .option('--scope <scope>', 'scope to request in addition to what the server names')
    .option(
      '--register-again',
      'replace the stored client registration, which the authorization server may have forgotten',
    )
    .action(async (url: string, flags: LoginFlags) => {
      await run(url, (app) => login(url, flags, app))
    })
  signInCommand(program, 'tools <mcp-url>', 'list the tools of a server').action(
    async (url: string, flags: SignInFlags) => {
      await run(url, (app) => tools(url, flags, app))
    },
  )
  signInCommand(program, 'call <mcp-url> <tool>', 'call a tool')
    .option('--args <json>', 'its arguments, a JSON object', jsonObject)
    .option('--parallel <count>', 'concurrent calls per round', wholeNumber(1), 1)
    .option('--repeat <count>', 'number of rounds', wholeNumber(1), 1)
    .option(
      '--every <milliseconds>',
      'time from the start of one round to the start of the next',
      wholeNumber(0),
      0,
    )
    .action(async (url: string, tool: string, flags: CallFlags) => {
      await run(url, (app) => call(url, tool, flags, app))
    })
  command(program, 'status [mcp-url]', 'show the state of one sign-in, or of all').action(
    async (url: string | undefined) => {
      await run(url, (app) => status(url, app))
    },
  )
  command(program, 'logout <mcp-url>', 'delete the sign-in, and revoke its tokens').action(
    async (url: string) => {
      await run(url, (app) => logout(url, app))
    },
  )
  return program
}

function command(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--json', 'print one JSON document instead of text')
}

/** A command that can sign in: how the user does it, and what the user knows about the servers. */
function signInCommand(program: Command, usage: string, description: string): Command {
  return command(program, usage, description)
    .option('--headless', 'sign in without a browser, at an auto-approving server')
    .option('--no-browser', 'print the sign-in URL, and do not open a browser')
    .addOption(
      new Option('--callback-host <host>', 'host of the redirect URI (default: 127.0.0.1)').choices(
        ['127.0.0.1', 'localhost', '::1'],
      ),
    )
    .option(
      '--callback-port <port>',
      'port of the redirect URI (default: any free one)',
      wholeNumber(0),
    )
    .addOption(
      new Option(
        '--redirect-uri <uri>',
        'the redirect URI that the client is registered with; if it is not on loopback, you paste the URL that the browser was redirected to',
      ).conflicts(['callbackHost', 'callbackPort', 'headless']),
    )
    .option(
      '--client-id <id>',
      'a client registered by hand; its secret is read from EVERGRANT_CLIENT_SECRET',
    )
    .option('--issuer <url>', 'the authorization server where --client-id is registered')
    .addOption(
      new Option(
        '--dynamic-registration',
        'let the client register itself, even if a client was registered by hand before',
      ).conflicts(['clientId', 'issuer']),
    )
    .option(
      '--resource <url>',
      'accept tokens for this resource, which covers more than the MCP server',
    )
    .option(
      '--trusted-issuer <url>',
      'accept metadata of this issuer, although the MCP server names another identifier',
    )
    .addOption(
      new Option(
        '--provider <id>',
        'the product of the authorization server, if it is not recognized by its issuer',
      ).choices(providerProfiles.map(({ id }) => id)),
    )
    .addOption(
      new Option(
        '--prompt <policy>',
        'prompt=consent: by the rules (default), always, or never',
      ).choices(['by-rule', 'consent', 'never']),
    )
    .option(
      '--assume-pkce-s256',
      'use PKCE with S256 although the authorization server does not list it',
    )
}
