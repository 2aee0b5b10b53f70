import { behavioursOf } from '@evergrant/authorization-server/profiles'
import type { ServerProfile } from '@evergrant/authorization-server/profiles'
import { notEmulated, registersWithoutSource } from './emulation.ts'

/** A profile as a person reads it: each behaviour with how it is known, and what is left out. */
export function describeProfile(profile: ServerProfile): string {
  const left = notEmulated(profile)
  const lines = behavioursOf(profile).flatMap(([name, { value, status, source }]) => [
    `  ${name}: ${value}${left[name] === undefined ? '' : ` (not emulated: ${left[name]})`}`,
    `    ${status}: ${source}`,
  ])
  const notes = profile.notes.flatMap(({ value, status, source }) => [
    `  ${value}`,
    `    ${status}: ${source}`,
  ])
  return [
    `${profile.name}: ${profile.product}`,
    '',
    ...lines,
    '',
    ...(notes.length === 0 ? [] : ['Known besides, and not emulated:', ...notes, '']),
    ...(registersWithoutSource(profile)
      ? [
          'Dynamic registration: offered here so that clients can try the rest; no source says that the product has it.',
          '',
        ]
      : []),
    'Everything else is as this server does it.',
    '',
  ].join('\n')
}

/** A line for each profile. */
export function listProfiles(profiles: readonly ServerProfile[]): string {
  const width = Math.max(...profiles.map(({ name }) => name.length))
  return profiles
    .map((profile) => {
      const { name, product } = profile
      const statuses = behavioursOf(profile).map(([, { status }]) => status)
      const counts = (['measured', 'documented', 'inferred'] as const)
        .map((status) => [status, statuses.filter((one) => one === status).length] as const)
        .filter(([, count]) => count > 0)
        .map(([status, count]) => `${count} ${status}`)
      return `${name.padEnd(width)}  ${product}: ${counts.join(', ')}\n`
    })
    .join('')
}
