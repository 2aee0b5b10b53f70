import { providerProfiles } from '@evergrant/core/providers'
import type { Command } from 'commander'
import { Option } from 'commander'
import { wholeNumber } from '../lib/arguments.ts'
import { commandName, variables } from '../names.ts'

/** A command with the options that every command has, and with examples in its help. */
export function command(
  program: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  const lines = examples.map((example) => `  $ ${commandName} ${example}`)
  return program
    .command(usage)
    .description(description)
    .option('--json', 'print one JSON document instead of text')
    .option('--trace <file>', 'draw the exchange in an HTML file, without secrets')
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

/** A command that uses sign-ins: of which account. */
export function accountCommand(
  program: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  return command(program, usage, description, examples).option(
    '--profile <name>',
    `one of several accounts at the same servers (default: ${variables.profile}, or "default")`,
  )
}

/** A command that can sign in: how the user does it, and what the user knows about the servers. */
export function signInCommand(
  program: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  return accountCommand(program, usage, description, examples)
    .option('--headless', 'sign in without a browser, at an auto-approving server')
    .option(
      '--no-browser',
      'sign in on another device, or paste the URL that its browser was redirected to',
    )
    .addOption(
      new Option(
        '--device-code',
        'sign in on another device, and fail if the server does not support that (RFC 8628)',
      ).conflicts(['headless', 'redirectUri', 'callbackHost', 'callbackPort']),
    )
    .addOption(
      new Option(
        '--client-credentials',
        `get access for the client itself, unattended; needs --client-id, --issuer and ${variables.clientSecret} the first time`,
      ).conflicts(['headless', 'deviceCode', 'redirectUri', 'callbackHost', 'callbackPort']),
    )
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
      `a client registered by hand; its secret is read from ${variables.clientSecret}`,
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
