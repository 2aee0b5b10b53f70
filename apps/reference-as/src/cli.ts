import type { ClientRiskRules, RefreshIssuancePolicy } from '@evergrant/authorization-server'
import { serverProfile, serverProfiles } from '@evergrant/authorization-server/profiles'
import type { ServerProfile } from '@evergrant/authorization-server/profiles'
import { Command } from 'commander'
import { addAccount } from './accounts/accounts.ts'
import {
  isForFilesOnly,
  readAccessTokenLifetimeSeconds,
  readConfiguration,
  readDatabase,
  settings,
} from './settings/configuration.ts'
import type { ConfigurationSources } from './settings/configuration.ts'
import { ReferenceServerError } from './errors.ts'
import type { ReferenceServerErrorCode } from './errors.ts'
import { logLine } from './telemetry/log.ts'
import { describeProfile, listProfiles } from './emulation/describe.ts'
import { startWithSettings } from './server.ts'
import type { RunningAuthorizationServer } from './server.ts'
import {
  loadSigningKeys,
  rotateSigningKeys,
  signingKeyRetentionSeconds,
  signingKeyState,
} from './keys/signing-keys.ts'
import type { SigningKeyGeneration } from './keys/signing-keys.ts'
import { describeDatabase, openStore } from './store/open.ts'
import type { Store } from './store/store.ts'

/** What the command line talks to; the process in earnest, buffers in a test. */
export interface CliEnvironment {
  /** Machine-readable output only. */
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Reads a password; must not echo it. */
  readonly readPassword: (prompt: string) => Promise<string>
  /** Environment variables: those called `EVERGRANT_AS_*` are settings. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Resolves when the server is asked to stop. Called by commands that do not end by themselves. */
  readonly stopped: () => Promise<unknown>
}

const usageErrors: ReadonlySet<ReferenceServerErrorCode> = new Set([
  'OPTION_INVALID',
  'DEMO_NOT_ON_LOOPBACK',
  'PASSWORD_NOT_GIVEN',
])

/** What is no {@link ReferenceServerError} is a defect, or a failure that nobody thought of. */
function unexpected(error: unknown, nodeDebug = ''): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  if (/\bevergrant\b/.test(nodeDebug)) return `evergrant-as: unexpected ${stack ?? message}\n`
  return (
    `evergrant-as: unexpected ${name}: ${message}. ` +
    'With NODE_DEBUG=evergrant it says where it comes from; please report that.\n'
  )
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
    if (!ReferenceServerError.is(error)) {
      environment.stderr(unexpected(error, environment.environment['NODE_DEBUG']))
      return 4
    }
    environment.stderr(`evergrant-as: ${error.message}\n`)
    return usageErrors.has(error.code) ? 2 : 4
  }
}

function createProgram(environment: CliEnvironment): Command {
  const program = new Command('evergrant-as')
    .description('A reference authorization server for MCP sign-ins that last')
    .exitOverride()
    .configureOutput({ writeOut: environment.stdout, writeErr: environment.stderr })

  const sourcesOf = (command: Command) => ({
    flags: flagsOf(command),
    environment: environment.environment,
  })
  const serving = program
    .command('serve')
    .description(
      'start the server. Each setting may also stand in the environment, as ' +
        'EVERGRANT_AS_ACCESS_TOKEN_TTL, or in the file of --config, as "access-token-ttl"; ' +
        'flags come first, the file last.',
    )
    .option('--config <file>', 'JSON file of settings')
    .option('--json', 'print one line of JSON on stdout when ready')
  for (const { name, kind, help } of settings.filter((one) => !isForFilesOnly(one))) {
    if (kind === 'switch') serving.option(`--${name}`, help)
    else if (kind === 'list') serving.option(`--${name} <values>`, help, collect)
    else serving.option(`--${name} <value>`, help)
  }
  serving.action(async () => await serve(sourcesOf(serving), environment))

  program
    .command('profiles [name]')
    .description('the products that serve --profile behaves like, or what is known about one')
    .option('--json', 'print the data')
    .action((name: string | undefined, { json }: { json?: boolean }) => {
      const profiles = name === undefined ? serverProfiles : [profileCalled(name)]
      if (json === true) {
        environment.stdout(
          `${JSON.stringify(name === undefined ? profiles : profiles[0], null, 2)}\n`,
        )
      } else {
        environment.stdout(
          name === undefined ? listProfiles(profiles) : profiles.map(describeProfile).join(''),
        )
      }
    })

  const users = program.command('users').description('the accounts that can sign in')
  const onStore = async (command: Command, work: (store: Store) => Promise<void>) => {
    const store = await openStore(readDatabase(sourcesOf(command)))
    try {
      await work(store)
    } finally {
      await store.close()
    }
  }
  onDatabase(users.command('add <name>'))
    .description('add an account; the password is asked for, or read from standard input')
    .action(async (name: string, _flags: unknown, command: Command) => {
      await onStore(command, async (store) => {
        const password = await environment.readPassword(`Password for ${name}: `)
        await addAccount(store.accounts, name, password)
        environment.stderr(`Added ${JSON.stringify(name)}.\n`)
      })
    })
  onDatabase(users.command('remove <name>'))
    .description('remove an account; its sign-ins end')
    .action(async (name: string, _flags: unknown, command: Command) => {
      await onStore(command, async (store) => {
        if (!(await store.accounts.remove(name))) {
          throw new ReferenceServerError(
            'ACCOUNT_UNKNOWN',
            `There is no account called ${JSON.stringify(name)}. See: evergrant-as users list`,
          )
        }
        environment.stderr(`Removed ${JSON.stringify(name)}.\n`)
      })
    })
  onDatabase(users.command('list'))
    .description('list the accounts')
    .action(async (_flags: unknown, command: Command) => {
      await onStore(command, async (store) => {
        for (const { username } of await store.accounts.list()) environment.stdout(`${username}\n`)
      })
    })

  const keys = program.command('keys').description('the keys that sign tokens')
  onDatabase(keys.command('rotate'))
    .description(
      'add new keys, which running servers publish within seconds and sign with after a while; ' +
        'the old ones stay published until their tokens have expired',
    )
    .option('--sign-after <seconds>', 'when the new keys begin to sign', '60')
    .option('--access-token-ttl <seconds>', 'life of an access token; or as for serve')
    .action(async (_flags: unknown, command: Command) => {
      const { signAfter = '' }: Record<string, string> = command.opts()
      const rotation = {
        nowEpochSeconds: now(),
        signAfterSeconds: secondsFrom('--sign-after', signAfter),
        keepSeconds: signingKeyRetentionSeconds(readAccessTokenLifetimeSeconds(sourcesOf(command))),
      }
      await onStore(command, async (store) => {
        environment.stdout(keyTable(await rotateSigningKeys(store.secrets, rotation)))
      })
    })
  onDatabase(keys.command('list'))
    .description('list the keys, and what each is there for')
    .action(async (_flags: unknown, command: Command) => {
      await onStore(command, async (store) => {
        environment.stdout(keyTable(await loadSigningKeys(store.secrets)))
      })
    })
  return program
}

function profileCalled(name: string): ServerProfile {
  const found = serverProfile(name)
  if (found !== undefined) return found
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `There is no profile called ${JSON.stringify(name.slice(0, 40))}. There are: ${serverProfiles.map((one) => one.name).join(', ')}.`,
  )
}

function onDatabase(command: Command): Command {
  return command
    .option('--db <database>', 'SQLite file, or postgres://…; or as for serve')
    .option('--config <file>', 'JSON file of settings')
}

/** The flags that were given, by the names they were given under. */
function flagsOf(command: Command): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    command.options
      .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
      .map((option) => [option.name(), command.getOptionValue(option.attributeName())]),
  )
}

function keyTable(generations: readonly SigningKeyGeneration[]): string {
  const lines = generations.flatMap((generation) => {
    const state = signingKeyState(generations, generation, now())
    const until = generation.publishedUntilEpochSeconds
    const when =
      generation.signsFromEpochSeconds > now()
        ? `signs from ${isoTime(generation.signsFromEpochSeconds)}`
        : until === undefined
          ? ''
          : `until ${isoTime(until)}`
    return generation.keys.map(({ kid, alg }) => [kid, alg, state, when].join('  ').trimEnd())
  })
  return `${lines.join('\n')}\n`
}

function isoTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString()
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

function secondsFrom(name: string, value: string): number {
  if (/^\d{1,10}$/.test(value)) return Number(value)
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `${name}: expected a whole number of seconds, got ${JSON.stringify(value.slice(0, 40))}.`,
  )
}

async function serve(sources: ConfigurationSources, environment: CliEnvironment): Promise<void> {
  const configuration = readConfiguration(sources)
  const stopped = environment.stopped()
  const server = await startWithSettings(configuration.settings, {
    log: (entry) => environment.stderr(logLine(entry)),
  })
  environment.stderr(summary(server, configuration.sources))
  if (sources.flags['json'] === true) {
    const { issuer, url } = server
    environment.stdout(`${JSON.stringify({ event: 'ready', issuer, url, pid: process.pid })}\n`)
  }
  await stopped
  await server.close()
  environment.stderr('Stopped.\n')
}

function summary(
  { issuer, url, settings: on, hasMetrics }: RunningAuthorizationServer,
  sources: readonly string[],
): string {
  const policies: Readonly<Record<RefreshIssuancePolicy, string>> = {
    oauth21: 'to clients that list refresh_token in their grant_types',
    oidc: 'to clients that list refresh_token and are granted offline_access',
    either: 'to clients that list refresh_token, or are granted offline_access',
    never: 'never',
    'any-code': 'with every authorization code',
    'offline-access-alone': 'to clients that are granted offline_access',
  }
  const { lifetimes, graceSeconds, overlapSeconds, clients, emulation } = on
  const lines = [
    ['issuer', issuer],
    ['listening on', url],
    ['settings from', [...sources, 'defaults'].join(', ')],
    ['database', describeDatabase(on.databasePath)],
    ...(on.profile === undefined ? [] : [['behaves like', on.profile.product]]),
    ['refresh tokens', `${policies[on.preset]} (${on.preset})`],
    ['access tokens', `${on.accessTokenLifetimeSeconds} s`],
    ['sign-ins', `${lifetimes.absoluteSeconds} s, ${lifetimes.idleSeconds} s when not used`],
    [
      'successor grace',
      graceSeconds === 0 ? 'off' : `${graceSeconds} s, overlap ${overlapSeconds} s`,
    ],
    ['scopes', on.resourceScopes.join(' ')],
    ['resources', [...on.resources, ...(on.demo ? ['any on loopback'] : [])].join(', ')],
    [
      'clients',
      [
        ...(emulation.registration ? ['dynamic registration'] : []),
        ...(emulation.clientIdMetadataDocuments ? ['metadata documents'] : []),
        ...(clients.length === 0 ? [] : [`${clients.length} known beforehand`]),
      ].join(', '),
    ],
    ['risk', riskRules(on.clientRiskRules)],
    [
      'rate limits',
      on.demo ? 'off in the demo' : 'sign-in, authorization, token and registration endpoints',
    ],
    ['client address', clientAddress(on.trustedProxies)],
    ['metrics', hasMetrics ? 'OpenTelemetry, where an SDK is registered' : 'off'],
    ['sign-in', on.demo ? 'DEMO: everyone is signed in and approved' : 'accounts'],
  ]
  return `${lines.map(([name = '', value = '']) => `  ${name.padEnd(16)}${value}`).join('\n')}\n`
}

function riskRules(rules: ClientRiskRules | undefined): string {
  if (rules === undefined) return 'no rules'
  const limit = (clients: string, seconds: number | undefined) =>
    seconds === undefined ? [] : [`${clients} ${seconds === 0 ? 'none' : `${seconds} s`}`]
  const { trustedDomains } = rules
  return [
    ...(trustedDomains === undefined
      ? []
      : [
          `${trustedDomains.join(', ')} trusted`,
          ...limit('others', rules.untrustedLifetimeSeconds ?? 0),
        ]),
    ...limit("answers to the user's machine", rules.localRedirectLifetimeSeconds),
    ...limit('new clients', rules.newClientLifetimeSeconds),
  ].join('; ')
}

function clientAddress(trustedProxies: number): string {
  if (trustedProxies === 0) return 'of the connection'
  const entry = trustedProxies === 1 ? 'last entry' : `entry ${trustedProxies} from the right`
  return `${entry} of X-Forwarded-For`
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}
