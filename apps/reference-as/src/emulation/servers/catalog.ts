import type { Behavior, EmulatedServer } from './emulated-server.ts'
import { hostedProducts } from './hosted-products.ts'
import { mcpServices } from './mcp-services.ts'
import { measuredProducts } from './measured-products.ts'
import { measuredServers } from './measured-servers.ts'
import { selfHostedProducts } from './self-hosted-products.ts'

/** Every server that can be emulated, by name. */
export const emulatedServers: readonly EmulatedServer[] = [
  ...hostedProducts,
  ...selfHostedProducts,
  ...measuredProducts,
  ...measuredServers,
  ...mcpServices,
].toSorted((one, other) => one.name.localeCompare(other.name, 'en'))

/** The behaviors of a server as a list, in the order of the data. */
export function behaviorsOf({
  behaviors,
}: EmulatedServer): readonly (readonly [name: string, behavior: Behavior<string | number>])[] {
  return Object.entries<Behavior<string | number>>({ ...behaviors })
}

/** The server of that name, or `undefined`. */
export function findEmulatedServer(name: string): EmulatedServer | undefined {
  return emulatedServers.find((server) => server.name === name)
}
