import type { LoopbackHost } from '@evergrant/client/loopback'
import { providerProfiles } from '@evergrant/core/providers'
import type { SignInFlags } from '../../connection/sign-in-flags.ts'
import { variables } from '../../names.ts'

/** An option of `evergrant proxy`. The table is the source of parsing, `--help`, the guide and tests. */
export interface ProxyFlag {
  /** As commander spells it. */
  readonly flags: string
  readonly description: string
  readonly kind: 'switch' | 'text' | 'list' | 'seconds' | 'port'
  readonly choices?: readonly string[]
  /** Whether 0 seconds are refused. */
  readonly isPositive?: true
  /** Whether mcp-remote 0.15.1 documents an option of this name. */
  readonly mcpRemote?: true
  /** How the option differs from the one of mcp-remote. */
  readonly difference?: string
  /** Why the option is refused, and what to use instead. */
  readonly refused?: string
}

const connection: readonly ProxyFlag[] = [
  {
    flags: '--header <name:value>',
    description:
      'header of every request to the MCP server; ${NAME} is replaced from the environment',
    kind: 'list',
    mcpRemote: true,
    difference:
      'The headers go only to the MCP server. With Authorization, the proxy never signs in.',
  },
  {
    flags: '--header-file <file>',
    description: 'file with one header per line; # starts a comment',
    kind: 'list',
    mcpRemote: true,
    difference: 'A line that is not a header is an error.',
  },
  {
    flags: '--transport <strategy>',
    description: 'transport to try (default: http-first)',
    kind: 'text',
    choices: ['http-first', 'sse-first', 'http-only', 'sse-only'],
    mcpRemote: true,
  },
  {
    flags: '--protocol <mode>',
    description:
      'auto: connect hosts without 2026-07-28 to servers that have only 2026-07-28; legacy: do not (default: auto)',
    kind: 'text',
    choices: ['auto', 'legacy'],
    mcpRemote: true,
    difference:
      'The default is auto, because it costs nothing: the server is asked only after it refused initialize.',
  },
  {
    flags: '--connect-timeout <seconds>',
    description: 'longest time to connect (default: 10)',
    kind: 'seconds',
    mcpRemote: true,
    difference: 'Requests to the authorization server have a limit of 15 s in total.',
  },
  {
    flags: '--headers-timeout <seconds>',
    description: 'longest time until the response begins; 0: no limit (default: 300)',
    kind: 'seconds',
    mcpRemote: true,
  },
  {
    flags: '--body-timeout <seconds>',
    description: 'longest pause within a response; 0: no limit (default: 0)',
    kind: 'seconds',
    mcpRemote: true,
    difference: 'The default is 0, so quiet streams stay open.',
  },
  {
    flags: '--keep-alive',
    description: 'send a ping every 30 s',
    kind: 'switch',
    mcpRemote: true,
  },
  {
    flags: '--ping-interval <seconds>',
    description: 'send a ping at this interval',
    kind: 'seconds',
    isPositive: true,
    mcpRemote: true,
  },
  {
    flags: '--allow-http',
    description: 'allow http on hosts other than loopback, for servers without sign-in',
    kind: 'switch',
    mcpRemote: true,
    difference: 'The proxy signs in only over https or on loopback.',
  },
  {
    flags: '--ipv4',
    description: 'connect only to IPv4 addresses',
    kind: 'switch',
    mcpRemote: true,
  },
  {
    flags: '--enable-proxy',
    description: 'accepted: HTTPS_PROXY, HTTP_PROXY and NO_PROXY are always respected',
    kind: 'switch',
    mcpRemote: true,
  },
  {
    flags: '--disable-cookies',
    description: 'do not keep cookies, which some load balancers need',
    kind: 'switch',
    mcpRemote: true,
  },
  {
    flags: '--ignore-tool <pattern>',
    description: 'hide tools from the host; * matches any characters',
    kind: 'list',
    mcpRemote: true,
  },
  {
    flags: '--debug',
    description: 'write what happens to stderr',
    kind: 'switch',
    mcpRemote: true,
    difference: 'No log file is written. Credentials are removed.',
  },
  {
    flags: '--silent',
    description: 'write only errors and the sign-in URL to stderr',
    kind: 'switch',
    mcpRemote: true,
    difference: 'The sign-in URL is still written.',
  },
]

const signIn: readonly ProxyFlag[] = [
  {
    flags: '--sign-in-wait <seconds>',
    description:
      'how long a request waits for the user before it fails with the sign-in URL (default: 5)',
    kind: 'seconds',
  },
  {
    flags: '--auth-timeout <seconds>',
    description: 'how long the user may take to sign in (default: 300)',
    kind: 'seconds',
    isPositive: true,
    mcpRemote: true,
    difference: 'The default is 300.',
  },
  {
    flags: '--scope <scope>',
    description: 'scope to request in addition to what the server names',
    kind: 'text',
  },
  {
    flags: '--host <host>',
    description: 'the same as --callback-host',
    kind: 'text',
    choices: ['127.0.0.1', 'localhost', '::1'],
    mcpRemote: true,
    difference: 'Only loopback hosts.',
  },
  {
    flags: '--callback-path <path>',
    description: 'path of the redirect URI (default: /callback)',
    kind: 'text',
    mcpRemote: true,
    difference: 'The default is /oauth/callback with a client that is registered by hand.',
  },
  {
    flags: '--static-oauth-client-info <json>',
    description: 'client that is registered by hand: JSON, or @ and a file; ${NAME} is replaced',
    kind: 'text',
    mcpRemote: true,
    difference:
      'Its secret goes only to one authorization server: the one of --issuer, otherwise the first one that the MCP server names.',
  },
  {
    flags: '--static-oauth-client-metadata <json>',
    description: 'JSON, or @ and a file; only its scope is used',
    kind: 'text',
    mcpRemote: true,
    difference: 'Other members are ignored, with a notice.',
  },
  {
    flags: '--client-metadata-url <url>',
    description: 'Client ID Metadata Document of the client',
    kind: 'text',
    mcpRemote: true,
  },
  {
    flags: '--resource <url>',
    description: 'accept tokens for this resource, which covers more than the MCP server',
    kind: 'text',
    mcpRemote: true,
    difference:
      'It must cover the URL of the server. Sign-ins with different values are separate. An empty value leaves the parameter out.',
  },
  {
    flags: '--disable-resource-parameter',
    description: 'leave the resource parameter out',
    kind: 'switch',
    mcpRemote: true,
  },
  {
    flags: '--authorize-param <name=value>',
    description: 'parameter of the authorization request',
    kind: 'list',
    mcpRemote: true,
    difference: 'Sign-ins with different values are separate.',
  },
  {
    flags: '--use-id-token',
    description: 'refused',
    kind: 'switch',
    mcpRemote: true,
    refused:
      'An ID token is for the client and not for a server. Ask the operator of the server to accept access tokens, or pass a token with --header.',
  },
  {
    flags: '--auth-success-url <url>',
    description: 'refused',
    kind: 'text',
    mcpRemote: true,
    refused: 'The callback page says that the sign-in succeeded. Remove the option.',
  },
  {
    flags: '--token-endpoint <url>',
    description: 'refused',
    kind: 'text',
    mcpRemote: true,
    refused:
      'The token endpoint comes from the metadata of the authorization server. Ask its operator to publish it (RFC 8414), or pass a token with --header.',
  },
  {
    flags: '--device-code',
    description: 'sign in with a code on any device, if the authorization server supports it',
    kind: 'switch',
    mcpRemote: true,
  },
  {
    flags: '--client-credentials',
    description: 'unattended: get tokens with the secret of a client that is registered by hand',
    kind: 'switch',
    mcpRemote: true,
  },
]

/** Options of every command that can sign in. */
const shared: readonly ProxyFlag[] = [
  {
    flags: '--profile <name>',
    description: `one of several accounts at the same servers (default: ${variables.profile}, or "default")`,
    kind: 'text',
  },
  {
    flags: '--headless',
    description: 'sign in without a browser, at an auto-approving server',
    kind: 'switch',
  },
  {
    flags: '--no-browser',
    description: 'write the sign-in URL, and do not open a browser',
    kind: 'switch',
  },
  {
    flags: '--callback-host <host>',
    description: 'host of the redirect URI (default: 127.0.0.1)',
    kind: 'text',
    choices: ['127.0.0.1', 'localhost', '::1'],
  },
  {
    flags: '--callback-port <port>',
    description: 'port of the redirect URI (default: any free one)',
    kind: 'port',
  },
  {
    flags: '--redirect-uri <uri>',
    description: 'the redirect URI that the client is registered with',
    kind: 'text',
  },
  {
    flags: '--client-id <id>',
    description: `a client registered by hand; its secret is read from ${variables.clientSecret}`,
    kind: 'text',
  },
  {
    flags: '--issuer <url>',
    description: 'the authorization server where the client is registered',
    kind: 'text',
  },
  {
    flags: '--dynamic-registration',
    description: 'let the client register itself, even if a client was registered by hand before',
    kind: 'switch',
  },
  {
    flags: '--trusted-issuer <url>',
    description: 'accept metadata of this issuer, although the MCP server names another identifier',
    kind: 'text',
  },
  {
    flags: '--provider <id>',
    description: 'the product of the authorization server, if it is not recognized by its issuer',
    kind: 'text',
    choices: providerProfiles.map(({ id }) => id),
  },
  {
    flags: '--prompt <policy>',
    description: 'prompt=consent: by the rules (default), always, or never',
    kind: 'text',
    choices: ['by-rule', 'consent', 'never'],
  },
  {
    flags: '--assume-pkce-s256',
    description: 'use PKCE with S256 although the authorization server does not list it',
    kind: 'switch',
  },
]

/** All options, in the order of `--help`. */
export const proxyFlags: readonly ProxyFlag[] = [...connection, ...signIn, ...shared]

/** The values of the options, as commander names them. */
export interface ProxyFlags extends SignInFlags {
  readonly header?: readonly string[]
  readonly headerFile?: readonly string[]
  readonly transport?: TransportStrategy
  readonly protocol?: 'auto' | 'legacy'
  readonly connectTimeout?: number
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
  readonly keepAlive?: boolean
  readonly pingInterval?: number
  readonly allowHttp?: boolean
  readonly ipv4?: boolean
  readonly disableCookies?: boolean
  readonly ignoreTool?: readonly string[]
  readonly debug?: boolean
  readonly silent?: boolean
  readonly signInWait?: number
  readonly authTimeout?: number
  readonly host?: LoopbackHost
  readonly callbackPath?: string
  readonly staticOauthClientInfo?: string
  readonly staticOauthClientMetadata?: string
  readonly clientMetadataUrl?: string
  readonly disableResourceParameter?: boolean
  readonly authorizeParam?: readonly string[]
  readonly profile?: string
  readonly scope?: string
}

/** Which transports are tried, in which order. */
export type TransportStrategy = 'http-first' | 'sse-first' | 'http-only' | 'sse-only'
