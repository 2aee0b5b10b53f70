import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import { anyCode, offlineAccessAlone } from './issuance-rules.ts'
import type { EmulatedIssuanceRule } from './issuance-rules.ts'
import type { EmulatedServer, ServerBehaviors } from './servers/emulated-server.ts'

/** The settings that an emulated server implies. Options that are set take precedence. */
export interface EmulatedSettings {
  readonly policy?: RefreshIssuancePreset | EmulatedIssuanceRule
  readonly graceSeconds?: number
  readonly overlapSeconds: number
  readonly refreshTokenIdleSeconds?: number
  readonly refreshTokenLifetimeSeconds?: number
  readonly accessTokenLifetimeSeconds?: number
}

const policies: Readonly<
  Record<
    NonNullable<ServerBehaviors['refreshTokenFor']>['value'],
    RefreshIssuancePreset | EmulatedIssuanceRule
  >
> = {
  always: anyCode,
  'grant-type': 'oauth21',
  'offline-access': offlineAccessAlone,
  'grant-type-and-offline-access': 'oidc',
  'access-type-offline': anyCode,
}

/** Ten years: longer than any trial of an emulated server. */
const unlimitedSeconds = 10 * 365 * 86_400

/** The settings that an emulated server implies. */
export function emulatedSettings({ behaviors }: EmulatedServer): EmulatedSettings {
  const { refreshTokenFor, reuse, graceSeconds, accessTokenSeconds } = behaviors
  const idle = rotates(behaviors) ? behaviors.idleSeconds?.value : undefined
  const untilUsed = reuse?.value === 'accepted-until-successor-is-used'
  const absolute = behaviors.absoluteSeconds?.value ?? idle
  const grace = untilUsed ? unlimitedSeconds : graceSeconds?.value
  return {
    ...(refreshTokenFor === undefined ? {} : { policy: policies[refreshTokenFor.value] }),
    ...(grace === undefined ? {} : { graceSeconds: grace }),
    // None of these products has an overlap in which both tokens of an exchange are good.
    overlapSeconds: 0,
    ...(idle === undefined ? {} : { refreshTokenIdleSeconds: idle }),
    ...(absolute === undefined
      ? {}
      : { refreshTokenLifetimeSeconds: behaviors.absoluteSeconds?.value ?? unlimitedSeconds }),
    ...(accessTokenSeconds === undefined
      ? {}
      : { accessTokenLifetimeSeconds: accessTokenSeconds.value }),
  }
}

/** Whether a refresh exchanges the refresh token. */
export function rotates({ rotation }: ServerBehaviors): boolean {
  return rotation === undefined || rotation.value === 'new-token'
}
