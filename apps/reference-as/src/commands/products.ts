import type { Command } from 'commander'
import { describeEmulatedServer, listEmulatedServers } from '../emulation/describe.ts'
import { emulatedServers, findEmulatedServer } from '../emulation/servers/catalog.ts'
import type { EmulatedServer } from '../emulation/servers/emulated-server.ts'
import { ReferenceServerError } from '../errors.ts'
import type { CliEnvironment } from './environment.ts'

export function addProductsCommand(program: Command, { stdout }: CliEnvironment): void {
  program
    .command('products [name]')
    .description('list the products that serve --emulate can emulate, or describe one')
    .option('--json', 'print JSON')
    .action((name: string | undefined, { json }: { json?: boolean }) => {
      const one = name === undefined ? undefined : serverCalled(name)
      if (json === true) stdout(`${JSON.stringify(one ?? emulatedServers, null, 2)}\n`)
      else stdout(one ? describeEmulatedServer(one) : listEmulatedServers(emulatedServers))
    })
}

function serverCalled(name: string): EmulatedServer {
  const found = findEmulatedServer(name)
  if (found !== undefined) return found
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `There is no product called ${JSON.stringify(name.slice(0, 40))}. Expected one of ` +
      `${emulatedServers.map((one) => one.name).join(', ')}.`,
  )
}
