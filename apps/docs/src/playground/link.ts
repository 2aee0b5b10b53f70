import { providerProfiles } from '@evergrant/core/providers'
import type { Field, PlaygroundInput } from './input'
import { choices, maximumFieldLength } from './input'
import { findPreset, presets } from './presets'

/** Longer links are cut off by chat programs and mail. */
export const maximumLinkLength = 16_000

/** What a link contains: a preset, and what differs from it. */
export interface SharedState {
  readonly presetId: string
  readonly input: PlaygroundInput
}

/**
 * Writes the state as the fragment of a URL, which browsers never send to a server: the preset, and
 * the fields that differ from it.
 *
 * @returns `undefined` if the link would be too long.
 */
export function writeFragment({ presetId, input }: SharedState): string | undefined {
  const [first] = presets
  const preset = findPreset(presetId) ?? first
  const parameters = new URLSearchParams({ preset: preset.id })
  for (const [field, value] of Object.entries(input)) {
    if (value !== preset.input[field as Field]) parameters.set(field, String(value))
  }
  const fragment = parameters.toString()
  return fragment.length > maximumLinkLength ? undefined : fragment
}

/**
 * Reads the fragment of a URL. Anybody can write a link, so every value is checked: unknown names are
 * ignored, and a value that a field cannot have is not taken.
 *
 * @param fragment - With or without `#`.
 * @returns `undefined` if the fragment is not one of a shared state, such as an anchor.
 */
export function readFragment(fragment: string): SharedState | undefined {
  const text = fragment.replace(/^#/, '')
  // A link that was written here is never longer.
  if (text.length > maximumLinkLength || !text.startsWith('preset=')) return undefined
  const parameters = new URLSearchParams(text)
  const preset = findPreset(parameters.get('preset') ?? '')
  if (preset === undefined) return undefined
  const taken: Partial<Record<Field, string | boolean>> = {}
  for (const [field, value] of Object.entries(preset.input)) {
    const given = parameters.get(field)
    if (given === null) continue
    const checked = checkedValue(field as Field, given, typeof value)
    if (checked !== undefined) taken[field as Field] = checked
  }
  // Each value has the type of its field.
  return { presetId: preset.id, input: { ...preset.input, ...taken } as PlaygroundInput }
}

function checkedValue(field: Field, given: string, type: string): string | boolean | undefined {
  if (type === 'boolean') {
    if (given === 'true') return true
    return given === 'false' ? false : undefined
  }
  if (given.length > maximumFieldLength) return undefined
  const allowed = allowedValues(field)
  return allowed === undefined || allowed.includes(given) ? given : undefined
}

function allowedValues(field: Field): readonly string[] | undefined {
  if (field === 'profile') {
    return ['detected', 'standard', ...providerProfiles.map(({ id }) => id)]
  }
  return field in choices ? choices[field as keyof typeof choices] : undefined
}
