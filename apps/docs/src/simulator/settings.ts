import type { ServerRules, Settings } from '@evergrant/simulation'

/** The settings of the page: flat, so that each is one field and one parameter of a link. */
export interface SimulatorSettings {
  readonly accessTokenSeconds: number
  readonly rotation: ServerRules['rotation']
  readonly reuse: ServerRules['reuse']
  readonly graceSeconds: number
  readonly refreshTokenFor: ServerRules['refreshTokenFor']
  readonly hours: number
  readonly processes: number
  readonly callsPerMinute: number
  readonly callsAtOnce: number
  readonly lostResponses: number
  readonly kills: number
  readonly sleeps: number
  readonly outages: number
  readonly restarts: number
  readonly seed: number
}

const sleepSeconds = 8 * 3600
const outageSeconds = 600

/** The values of the fields with a list, and what they mean. */
export const lists = {
  accessTokenSeconds: [
    [300, '5 minutes'],
    [900, '15 minutes'],
    [3600, '1 hour'],
    [28_800, '8 hours'],
  ],
  rotation: [
    ['rotates', 'changes with each refresh'],
    ['keeps', 'stays the same'],
  ],
  reuse: [
    ['family-revoked', 'ends the sign-in'],
    ['refused', 'is refused'],
    ['accepted', 'is accepted'],
  ],
  graceSeconds: [
    [0, 'none'],
    [10, '10 seconds'],
    [30, '30 seconds'],
    [60, '1 minute'],
    [300, '5 minutes'],
  ],
  refreshTokenFor: [
    ['always', 'every client'],
    ['grant-type', 'clients that declare the grant'],
    ['offline-access', 'clients that request offline_access'],
    ['nothing', 'no client'],
  ],
  hours: [
    [8, '8 hours'],
    [24, '1 day'],
    [72, '3 days'],
  ],
} as const satisfies {
  readonly [Name in keyof SimulatorSettings]?: readonly (readonly [
    SimulatorSettings[Name],
    string,
  ])[]
}

/** The limits of the fields with a number. Together they keep a run short enough for each key. */
export const limits = {
  processes: [1, 6],
  callsPerMinute: [1, 20],
  callsAtOnce: [1, 8],
  lostResponses: [0, 9],
  kills: [0, 9],
  sleeps: [0, 3],
  outages: [0, 9],
  restarts: [0, 9],
  seed: [1, 9999],
} as const satisfies {
  readonly [Name in keyof SimulatorSettings]?: readonly [minimum: number, maximum: number]
}

export type ListName = keyof typeof lists
export type NumberName = keyof typeof limits

export const defaultSettings: SimulatorSettings = {
  accessTokenSeconds: 3600,
  rotation: 'rotates',
  reuse: 'family-revoked',
  graceSeconds: 0,
  refreshTokenFor: 'always',
  hours: 24,
  processes: 2,
  callsPerMinute: 6,
  callsAtOnce: 2,
  lostResponses: 0,
  kills: 0,
  sleeps: 1,
  outages: 1,
  restarts: 1,
  seed: 1,
}

/** Situations to start from. */
export const situations: readonly {
  readonly id: string
  readonly name: string
  readonly note: string
  readonly settings: SimulatorSettings
}[] = [
  {
    id: 'agents',
    name: 'Two agents, parallel calls',
    note: 'The server rotates refresh tokens and has no grace. Calls that meet an expiry at the same time are enough to end a sign-in.',
    settings: defaultSettings,
  },
  {
    id: 'one-call',
    name: 'One chat, one call at a time',
    note: 'Without parallel calls, nothing races. Faults remain.',
    settings: { ...defaultSettings, processes: 1, callsAtOnce: 1, callsPerMinute: 1 },
  },
  {
    id: 'lost-response',
    name: 'A lost response, without a grace',
    note: 'The server has rotated the token, and the client does not have the new one. No client can keep this sign-in: the server needs a grace.',
    settings: { ...defaultSettings, processes: 1, callsAtOnce: 1, lostResponses: 1, outages: 0 },
  },
  {
    id: 'grace',
    name: 'Lost responses, with a grace',
    note: 'The server gives the same successor again. Evergrant repeats the request. The SDKs open the authorization page.',
    settings: { ...defaultSettings, graceSeconds: 30, lostResponses: 3 },
  },
  {
    id: 'keeps',
    name: 'A server that keeps refresh tokens',
    note: 'Nothing can be used twice. What remains are errors that an SDK takes for the end.',
    settings: { ...defaultSettings, rotation: 'keeps', outages: 3 },
  },
  {
    id: 'offline-access',
    name: 'A server that wants offline_access',
    note: 'By default, neither SDK requests it. Without a refresh token, the user signs in at each expiry.',
    settings: { ...defaultSettings, refreshTokenFor: 'offline-access' },
  },
]

/** The settings as the simulation takes them. */
export function simulationSettings(settings: SimulatorSettings): Settings {
  const { accessTokenSeconds, rotation, reuse, graceSeconds, refreshTokenFor, hours, ...others } =
    settings
  return {
    ...others,
    server: { accessTokenSeconds, rotation, reuse, graceSeconds, refreshTokenFor },
    durationSeconds: hours * 3600,
    sleepSeconds,
    outageSeconds,
  }
}

/** Writes what differs from the defaults, as the fragment of a link. */
export function writeSettings(settings: SimulatorSettings): string {
  const changed = Object.entries(settings).filter(
    ([name, value]) => value !== defaultSettings[name as keyof SimulatorSettings],
  )
  return new URLSearchParams([
    ['simulation', '1'],
    ...changed.map(([name, value]) => [name, String(value)]),
  ]).toString()
}

/**
 * Reads the fragment of a link. A value that a field cannot have is not taken.
 *
 * @returns `undefined` if the fragment is not one of settings.
 */
export function readSettings(fragment: string): SimulatorSettings | undefined {
  const text = fragment.replace(/^#/, '')
  if (text.length > 1000 || !text.startsWith('simulation=')) return undefined
  const parameters = new URLSearchParams(text)
  const read: Record<string, number | string> = { ...defaultSettings }
  for (const name of Object.keys(defaultSettings)) {
    const given = parameters.get(name)
    const value = given === null ? undefined : checkedValue(name as keyof SimulatorSettings, given)
    if (value !== undefined) read[name] = value
  }
  // Each value was checked for its field.
  return read as unknown as SimulatorSettings
}

function checkedValue(name: keyof SimulatorSettings, given: string): number | string | undefined {
  if (name in lists) {
    const list: readonly (readonly [number | string, string])[] = lists[name as ListName]
    return list.find(([value]) => String(value) === given)?.[0]
  }
  return /^\d{1,4}$/.test(given) ? withinLimits(name as NumberName, Number(given)) : undefined
}

/** The nearest value that a number may have. */
export function withinLimits(name: NumberName, value: number): number {
  const [minimum, maximum] = limits[name]
  return Math.min(Math.max(Math.round(value), minimum), maximum)
}
