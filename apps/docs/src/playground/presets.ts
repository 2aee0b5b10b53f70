import type { PlaygroundInput } from './input'
import { mistakes } from './mistakes'
import { products } from './products'
import { defaultInput, jsonOf, resourceMetadataFor } from './typical'

/** A starting point of the playground. */
export interface Preset {
  readonly id: string
  readonly group: 'Start' | 'Products' | 'Known mistakes'
  readonly name: string
  /** What to look at. */
  readonly note: string
  /** A page with the sources of the note. */
  readonly page?: string
  readonly input: PlaygroundInput
}

const start: Preset = {
  id: 'start',
  group: 'Start',
  name: 'A server as the specification wants it',
  note: 'The MCP server names its scope. The authorization server lists offline_access. The client asks for a refresh token.',
  input: defaultInput,
}

const productPresets: readonly Preset[] = products.map((product) => ({
  id: product.id,
  group: 'Products',
  name: product.name,
  note: 'The metadata is what the reference server serves when it emulates this product. Paths of endpoints, and behaviors without a source, are those of the reference server.',
  page: product.page,
  input: {
    ...defaultInput,
    resourceMetadata: resourceMetadataFor(product.metadata.issuer),
    serverMetadata: jsonOf(product.metadata),
    profile: product.profile ?? 'detected',
    registration: registrationAt(product.metadata),
  },
}))

/** Every preset, in the order of the list. The first is the page without a choice. */
export const presets: readonly [Preset, ...Preset[]] = [
  start,
  ...mistakes.map((mistake): Preset => ({ group: 'Known mistakes', ...mistake })),
  ...productPresets,
]

export function findPreset(id: string): Preset | undefined {
  return presets.find((preset) => preset.id === id)
}

function registrationAt(
  metadata: Readonly<Record<string, unknown>>,
): PlaygroundInput['registration'] {
  return metadata['registration_endpoint'] === undefined ? 'by-hand' : 'dynamic'
}
