import type { Command } from 'commander'
import { addAccount } from '../accounts/accounts.ts'
import { ReferenceServerError } from '../errors.ts'
import { onDatabase, withStore } from './command-settings.ts'
import type { CliEnvironment } from './environment.ts'
import { commandName } from '../names.ts'

export function addUserCommands(program: Command, environment: CliEnvironment): void {
  const { stdout, stderr } = environment
  const users = program.command('users').description('manage the accounts that can sign in')
  onDatabase(users.command('add <name>'))
    .description('add an account; prompts for the password, or reads it from standard input')
    .action(async (name: string, _flags: unknown, command: Command) => {
      await withStore(command, environment, async (store) => {
        const password = await environment.readPassword(`Password for ${name}: `)
        await addAccount(store.accounts, name, password)
        stderr(`Added ${JSON.stringify(name)}.\n`)
      })
    })
  onDatabase(users.command('remove <name>'))
    .description('remove an account and end its sign-ins')
    .action(async (name: string, _flags: unknown, command: Command) => {
      await withStore(command, environment, async (store) => {
        if (!(await store.accounts.remove(name))) {
          throw new ReferenceServerError(
            'ACCOUNT_UNKNOWN',
            `There is no account called ${JSON.stringify(name)}. Run: ${commandName} users list`,
          )
        }
        stderr(`Removed ${JSON.stringify(name)}.\n`)
      })
    })
  onDatabase(users.command('list'))
    .description('list the accounts')
    .action(async (_flags: unknown, command: Command) => {
      await withStore(command, environment, async (store) => {
        for (const { username } of await store.accounts.list()) stdout(`${username}\n`)
      })
    })
}
