import type { Measurement } from '../../src/index.ts'
import { issuer, serverUrl, withServer } from './deployment.ts'
import type { Deployment } from './deployment.ts'

const tokens = {
  outcome: 'tokens',
  status: 200,
  refreshToken: 'new',
  scope: 'mcp:read mcp:write',
  audience: [serverUrl],
} as const
const dead = {
  outcome: 'refused',
  status: 400,
  error: 'invalid_grant',
  meaning: 'invalid-grant',
} as const
const refresh = {
  rotation: 'rotates',
  overlap: { seconds: 0, isAtLeast: false },
  plain: tokens,
  withResource: tokens,
  withScope: tokens,
  narrowed: { ...tokens, scope: 'mcp:read' },
  afterNarrowing: tokens,
} as const

/** A measurement without a fault. */
export const sound: Measurement = {
  issuer,
  isPublicClient: true,
  registration: 'dynamic',
  iss: 'sent',
  requestedScope: 'mcp:read mcp:write offline_access',
  accessToken: {
    format: 'jwt',
    type: 'Bearer',
    expiresInSeconds: 300,
    audience: [serverUrl],
    issuer,
    mcpServerStatus: 200,
  },
  refreshToken: 'issued',
  announced: { authorization_expires_in: 7_776_000 },
  refresh,
  invalidToken: dead,
  reuse: {
    grace: { seconds: 30, isAtLeast: false },
    withinGrace: 'same-successor',
    afterGrace: 'grant-ended',
  },
  revocation: { outcome: 'revoked', status: 200, deadToken: dead },
  cleanUp: { grants: 2, revoked: 2, client: 'deleted' },
}

const refused = {
  outcome: 'refused',
  status: 400,
  error: 'invalid_target',
  meaning: 'invalid-target',
} as const

/** A measurement with one fault, and the only rule that it breaks. */
export interface FaultyMeasurement {
  readonly rule: string
  readonly change: Partial<Measurement>
  readonly deployment?: Deployment
  /** A request that shows the measurement, if it is not part of the report. */
  readonly request?: string
}

/** One measurement for each rule about a sign-in. */
export const faultyMeasurements: readonly FaultyMeasurement[] = [
  {
    rule: 'iss-not-declared',
    change: {},
    deployment: withServer({ authorization_response_iss_parameter_supported: undefined }),
    request: `GET /callback?code=…&state=…&iss=${encodeURIComponent(issuer)} HTTP/1.1\nhost: 127.0.0.1:7300`,
  },
  {
    rule: 'access-token-refused',
    change: { accessToken: { ...sound.accessToken, mcpServerStatus: 401 } },
  },
  {
    rule: 'access-token-for-another-audience',
    change: {
      accessToken: { ...sound.accessToken, audience: ['client'] },
      refresh: { ...refresh, withResource: { ...tokens, audience: ['client'] } },
    },
  },
  { rule: 'no-refresh-token', change: { refreshToken: 'not-issued', announced: {} } },
  {
    rule: 'refresh-refused',
    change: {
      refresh: {
        ...refresh,
        rotation: 'unknown',
        plain: refused,
        withResource: refused,
        withScope: refused,
      },
    },
  },
  {
    rule: 'refresh-with-resource-refused',
    change: { refresh: { ...refresh, withResource: refused } },
  },
  {
    rule: 'refresh-with-scope-refused',
    change: {
      refresh: {
        ...refresh,
        withScope: { ...refused, error: 'invalid_scope', meaning: 'invalid-scope' },
      },
    },
  },
  {
    rule: 'refresh-forgets-resource',
    change: { refresh: { ...refresh, withResource: { ...tokens, audience: ['client'] } } },
  },
  { rule: 'refresh-token-not-rotated', change: { refresh: { ...refresh, rotation: 'no-token' } } },
  {
    rule: 'narrowing-is-permanent',
    change: { refresh: { ...refresh, afterNarrowing: { ...tokens, scope: 'mcp:read' } } },
  },
  { rule: 'invalid-refresh-token-accepted', change: { invalidToken: tokens } },
  {
    rule: 'dead-token-wrong-error',
    change: {
      revocation: {
        outcome: 'revoked',
        deadToken: { outcome: 'refused', status: 400, error: 'invalid_request' },
      },
    },
  },
  {
    rule: 'no-grace-after-rotation',
    change: { reuse: { grace: { seconds: 0, isAtLeast: false }, afterGrace: 'grant-ended' } },
  },
  {
    rule: 'reuse-keeps-the-grant',
    change: { reuse: { grace: { seconds: 0, isAtLeast: false }, afterGrace: 'refused' } },
  },
  { rule: 'lifetime-not-announced', change: { announced: {} } },
  { rule: 'revocation-refused', change: { revocation: { outcome: 'refused', status: 401 } } },
  {
    rule: 'revocation-ineffective',
    change: { revocation: { outcome: 'ineffective', status: 200 } },
  },
]
