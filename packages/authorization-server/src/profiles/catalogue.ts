import { hostedProducts } from './hosted-products.ts'
import { measuredServers } from './measured-servers.ts'
import { selfHostedProducts } from './self-hosted-products.ts'
import type { Behaviour, ServerProfile } from './server-profile.ts'

/** Every profile, by name. */
export const serverProfiles: readonly ServerProfile[] = [
  ...hostedProducts,
  ...selfHostedProducts,
  ...measuredServers,
].toSorted((one, other) => one.name.localeCompare(other.name, 'en'))

/** The behaviours of a profile as a list, in the order of the data. */
export function behavioursOf({
  behaviours,
}: ServerProfile): readonly (readonly [name: string, behaviour: Behaviour<string | number>])[] {
  return Object.entries<Behaviour<string | number>>({ ...behaviours })
}

/** The profile of that name, or `undefined`. */
export function serverProfile(name: string): ServerProfile | undefined {
  return serverProfiles.find((profile) => profile.name === name)
}
