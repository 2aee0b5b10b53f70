import { notEmulated, registersWithoutSource } from './emulation.ts'
import { behaviorsOf } from './servers/catalog.ts'
import type { EmulatedServer } from './servers/emulated-server.ts'

/** Describes a server for the terminal: each behavior with its source, and what is not emulated. */
export function describeEmulatedServer(server: EmulatedServer): string {
  const left = notEmulated(server)
  const lines = behaviorsOf(server).flatMap(([name, { value, status, source, date }]) => [
    `  ${name}: ${value}${left[name] === undefined ? '' : ` (not emulated: ${left[name]})`}`,
    `    ${status}: ${source}, ${date}`,
  ])
  const notes = server.notes.flatMap(({ value, status, source, date }) => [
    `  ${value}`,
    `    ${status}: ${source}, ${date}`,
  ])
  return [
    `${server.name}: ${server.product}`,
    '',
    ...lines,
    '',
    ...(notes.length === 0 ? [] : ['Also known, and not emulated:', ...notes, '']),
    ...(registersWithoutSource(server)
      ? [
          'Dynamic registration: offered so that clients can try the rest; no source says that the product has it.',
          '',
        ]
      : []),
    'In all other respects, this server behaves as it does without --emulate.',
    '',
  ].join('\n')
}

/** One line for each server. */
export function listEmulatedServers(servers: readonly EmulatedServer[]): string {
  const width = Math.max(...servers.map(({ name }) => name.length))
  return servers
    .map((server) => {
      const { name, product } = server
      const statuses = behaviorsOf(server).map(([, { status }]) => status)
      const counts = (['measured', 'documented', 'inferred'] as const)
        .map((status) => [status, statuses.filter((one) => one === status).length] as const)
        .filter(([, count]) => count > 0)
        .map(([status, count]) => `${count} ${status}`)
      return `${name.padEnd(width)}  ${product}: ${counts.join(', ')}\n`
    })
    .join('')
}
