import { refreshIssuancePresets } from '@evergrant/authorization-server'
import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import { Command, InvalidArgumentError, Option } from 'commander'
import { addAccount } from './accounts.ts'
import { ReferenceServerError } from './errors.ts'
import type { LogEntry } from './log.ts'
import { startAuthorizationServer } from './server.ts'
import type { RunningAuthorizationServer } from './server.ts'
import { openSqliteStore } from './store/sqlite.ts'

/** What the command line talks to; the process in earnest, buffers in a test. */
export interface CliEnvironment {
  /** Machine-readable output only. */
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Reads a password; must not echo it. */
  readonly readPassword: (prompt: string) => Promise<string>
  /** Resolves when the server is asked to stop. */
  readonly stopped: Promise<unknown>
}

interface ServeFlags {
  readonly port: number
  readonly host: string
  readonly issuer?: string
  readonly db: string
  readonly preset: RefreshIssuancePreset
  readonly accessTokenTtl: number
  readonly refreshTokenTtl: number
  readonly idleTtl?: number
  readonly grace: number
  readonly resource: readonly string[]
  readonly scopes?: readonly string[]
  readonly defaultScopes?: readonly string[]
  readonly demo: boolean
  readonly json: boolean
}

/**
 * Runs one command line.
 *
 * @returns The exit code: 0 done, 2 usage, 4 the server could not do it.
 */
export async function runCli(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<number> {
  const program = createProgram(environment)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2
    if (!ReferenceServerError.is(error)) throw error
    environment.stderr(`evergrant-as: ${error.message}\n`)
    return error.code === 'OPTION_INVALID' || error.code === 'DEMO_NOT_ON_LOOPBACK' ? 2 : 4
  }
}

function createProgram(environment: CliEnvironment): Command {
  const program = new Command('evergrant-as')
    .description('A reference authorization server for MCP sign-ins that last')
    .exitOverride()
    .configureOutput({ writeOut: environment.stdout, writeErr: environment.stderr })

  program
    .command('serve')
    .description('start the server')
    .option('--port <number>', 'port to listen on, 0 for any free one', wholeNumber, 9400)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--issuer <url>', 'issuer identifier; default: the address listened on')
    .option('--db <file>', 'SQLite file, or :memory:', ':memory:')
    .addOption(
      new Option('--preset <name>', 'when refresh tokens are issued')
        .choices([...refreshIssuancePresets])
        .default('either'),
    )
    .option('--access-token-ttl <seconds>', 'life of an access token', wholeNumber, 300)
    .option('--refresh-token-ttl <seconds>', 'life of a sign-in', wholeNumber, 90 * 86_400)
    .option(
      '--idle-ttl <seconds>',
      'life of a sign-in that is not used (default: 14 days)',
      wholeNumber,
    )
    .option(
      '--grace <seconds>',
      'how long a superseded refresh token is honoured',
      wholeNumber,
      300,
    )
    .option('--resource <url>', 'MCP server to issue tokens for; may be repeated', collect, [])
    .option('--scopes <tokens>', 'scopes of the resources, separated by spaces', tokens)
    .option('--default-scopes <tokens>', 'what a request without scope asks for', tokens)
    .option('--demo', 'sign in and approve by itself; loopback only', false)
    .option('--json', 'print one line of JSON on stdout when ready', false)
    .action(async (flags: ServeFlags) => await serve(flags, environment))

  const users = program.command('users').description('the accounts that can sign in')
  users
    .command('add <name>')
    .description('add an account; the password is asked for, or read from standard input')
    .requiredOption('--db <file>', 'SQLite file')
    .action(async (name: string, { db }: { readonly db: string }) => {
      const store = openSqliteStore(db)
      try {
        const password = await environment.readPassword(`Password for ${name}: `)
        await addAccount(store.accounts, name, password)
        environment.stderr(`Added ${JSON.stringify(name)}.\n`)
      } finally {
        await store.close()
      }
    })
  users
    .command('remove <name>')
    .description('remove an account; its sign-ins end')
    .requiredOption('--db <file>', 'SQLite file')
    .action(async (name: string, { db }: { readonly db: string }) => {
      const store = openSqliteStore(db)
      try {
        if (!(await store.accounts.remove(name))) {
          throw new ReferenceServerError(
            'ACCOUNT_UNKNOWN',
            `There is no account called ${JSON.stringify(name)}. See: evergrant-as users list`,
          )
        }
        environment.stderr(`Removed ${JSON.stringify(name)}.\n`)
      } finally {
        await store.close()
      }
    })
  users
    .command('list')
    .description('list the accounts')
    .requiredOption('--db <file>', 'SQLite file')
    .action(async ({ db }: { readonly db: string }) => {
      const store = openSqliteStore(db)
      try {
        for (const { username } of await store.accounts.list()) environment.stdout(`${username}\n`)
      } finally {
        await store.close()
      }
    })
  return program
}

async function serve(flags: ServeFlags, environment: CliEnvironment): Promise<void> {
  const server = await startAuthorizationServer({
    port: flags.port,
    host: flags.host,
    issuer: flags.issuer,
    databasePath: flags.db,
    preset: flags.preset,
    demo: flags.demo,
    accessTokenLifetimeSeconds: flags.accessTokenTtl,
    refreshTokenLifetimeSeconds: flags.refreshTokenTtl,
    refreshTokenIdleSeconds: flags.idleTtl,
    graceSeconds: flags.grace,
    resources: flags.resource,
    resourceScopes: flags.scopes,
    defaultScopes: flags.defaultScopes,
    log: (entry) => environment.stderr(`${JSON.stringify(stamped(entry))}\n`),
  })
  environment.stderr(summary(server))
  if (flags.json) {
    const { issuer, url } = server
    environment.stdout(`${JSON.stringify({ event: 'ready', issuer, url, pid: process.pid })}\n`)
  }
  await environment.stopped
  await server.close()
  environment.stderr('Stopped.\n')
}

function stamped(entry: LogEntry): LogEntry & { readonly time: string } {
  return { time: new Date().toISOString(), ...entry }
}

function summary({ issuer, url, settings }: RunningAuthorizationServer): string {
  const policies: Readonly<Record<RefreshIssuancePreset, string>> = {
    oauth21: 'to clients that list refresh_token in their grant_types',
    oidc: 'to clients that list refresh_token and are granted offline_access',
    either: 'to clients that list refresh_token, or are granted offline_access',
    never: 'never',
  }
  const { lifetimes, graceSeconds } = settings
  const lines = [
    ['issuer', issuer],
    ['listening on', url],
    ['database', settings.databasePath === ':memory:' ? 'in memory' : settings.databasePath],
    ['refresh tokens', `${policies[settings.preset]} (${settings.preset})`],
    ['access tokens', `${settings.accessTokenLifetimeSeconds} s`],
    ['sign-ins', `${lifetimes.absoluteSeconds} s, ${lifetimes.idleSeconds} s when not used`],
    ['successor grace', graceSeconds === 0 ? 'off' : `${graceSeconds} s`],
    ['scopes', settings.resourceScopes.join(' ')],
    [
      'resources',
      [...settings.resources, ...(settings.demo ? ['any on loopback'] : [])].join(', '),
    ],
    ['sign-in', settings.demo ? 'DEMO: everyone is signed in and approved' : 'accounts'],
  ]
  return `${lines.map(([name = '', value = '']) => `  ${name.padEnd(16)}${value}`).join('\n')}\n`
}

function wholeNumber(value: string): number {
  if (/^\d{1,10}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Expected a whole number.')
}

function tokens(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter(Boolean)
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}
