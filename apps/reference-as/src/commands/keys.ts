import type { Command } from 'commander'
import { ReferenceServerError } from '../errors.ts'
import {
  loadSigningKeys,
  rotateSigningKeys,
  signingKeyRetentionSeconds,
  signingKeyState,
} from '../keys/signing-keys.ts'
import type { SigningKeyGeneration } from '../keys/signing-keys.ts'
import { nowEpochSeconds } from '../lib/clock.ts'
import { readAccessTokenLifetimeSeconds } from '../settings/read-configuration.ts'
import { onDatabase, sourcesOf, withStore } from './command-settings.ts'
import type { CliEnvironment } from './environment.ts'

export function addKeyCommands(program: Command, environment: CliEnvironment): void {
  const { stdout } = environment
  const keys = program.command('keys').description('manage the keys that sign tokens')
  onDatabase(keys.command('rotate'))
    .description(
      'add new keys, which running servers publish within seconds and sign with after a while; ' +
        'the old keys stay published until their tokens have expired',
    )
    .option('--sign-after <seconds>', 'when the new keys start signing', '60')
    .option('--access-token-ttl <seconds>', 'lifetime of an access token, as for serve')
    .action(async (_flags: unknown, command: Command) => {
      const { signAfter = '' }: Record<string, string> = command.opts()
      const lifetime = readAccessTokenLifetimeSeconds(sourcesOf(command, environment))
      const rotation = {
        nowEpochSeconds: nowEpochSeconds(),
        signAfterSeconds: secondsFrom('--sign-after', signAfter),
        keepSeconds: signingKeyRetentionSeconds(lifetime),
      }
      await withStore(command, environment, async (store) => {
        stdout(keyTable(await rotateSigningKeys(store.secrets, rotation)))
      })
    })
  onDatabase(keys.command('list'))
    .description('list the keys and their states')
    .action(async (_flags: unknown, command: Command) => {
      await withStore(command, environment, async (store) => {
        stdout(keyTable(await loadSigningKeys(store.secrets)))
      })
    })
}

function keyTable(generations: readonly SigningKeyGeneration[]): string {
  const now = nowEpochSeconds()
  const lines = generations.flatMap((generation) => {
    const state = signingKeyState(generations, generation, now)
    const { signsFromEpochSeconds: from, publishedUntilEpochSeconds: until } = generation
    const end = until === undefined ? '' : `until ${isoTime(until)}`
    const when = from > now ? `signs from ${isoTime(from)}` : end
    return generation.keys.map(({ kid, alg }) => [kid, alg, state, when].join('  ').trimEnd())
  })
  return `${lines.join('\n')}\n`
}

function isoTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString()
}

function secondsFrom(name: string, value: string): number {
  if (/^\d{1,10}$/.test(value)) return Number(value)
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `${name}: expected a whole number of seconds, got ${JSON.stringify(value.slice(0, 40))}.`,
  )
}
