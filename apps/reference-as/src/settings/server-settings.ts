import type { ClientRiskRules, RefreshIssuancePreset } from '@evergrant/authorization-server'
import type { ClientMetadata } from 'oidc-provider'
import type { Emulation } from '../emulation/emulation.ts'
import type { EmulatedIssuanceRule } from '../emulation/issuance-rules.ts'
import type { EmulatedServer } from '../emulation/servers/emulated-server.ts'

/** Options after validation, with defaults. The issuer can be unknown until the server listens. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly issuer: string | undefined
  readonly trustedProxies: number
  readonly databasePath: string
  readonly emulatedServer: EmulatedServer | undefined
  readonly emulation: Emulation
  readonly policy: RefreshIssuancePreset | EmulatedIssuanceRule
  readonly demo: boolean
  readonly accessTokenLifetimeSeconds: number
  readonly lifetimes: { readonly idleSeconds: number; readonly absoluteSeconds: number }
  readonly graceSeconds: number
  readonly overlapSeconds: number
  readonly resources: readonly string[]
  readonly resourceScopes: readonly string[]
  readonly defaultScopes: readonly string[]
  readonly scopeDescriptions: Readonly<Record<string, string>>
  /** Absent when no rule is set. */
  readonly clientRiskRules: ClientRiskRules | undefined
  readonly clientDocumentBytes: number | undefined
  readonly clients: readonly ClientMetadata[]
  readonly signingKeyCheckSeconds: number
}
