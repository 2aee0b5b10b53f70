import { randomBytes } from 'node:crypto'
import type { Answer, Parameters } from './answers.ts'
import { json, oauthError } from './answers.ts'
import type { CodeGrant } from './authorization-codes.ts'
import type { ClientRegistry } from './clients.ts'
import type { ScopePolicy } from './scope-policy.ts'
import { splitScope } from './scope-policy.ts'
import type { ScriptedAuthorizationServerOptions } from './scripted-server.ts'

export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

interface PendingDevice extends CodeGrant {
  readonly clientId: string
  readonly userCode: string
  readonly expiresAtEpochSeconds: number
  decision: 'pending' | 'approved' | 'denied'
  lastPollEpochSeconds: number
}

/** The device authorization endpoint and its codes (RFC 8628). */
export interface DeviceCodes {
  /** Answers a device authorization request. */
  authorize(form: Parameters, authorization: string | undefined): Answer
  /** Redeems a device code, or returns the OAuth error code. */
  redeem(form: Parameters, clientId: string): CodeGrant | string
  /** The user approves or declines the latest code, or this one. */
  decide(decision: 'approved' | 'denied', userCode?: string): void
}

export function createDeviceCodes(
  issuer: string,
  clients: ClientRegistry,
  scopes: ScopePolicy,
  nowEpochSeconds: () => number,
  { deviceGrant }: Pick<ScriptedAuthorizationServerOptions, 'deviceGrant'>,
): DeviceCodes {
  const codes = new Map<string, PendingDevice>()
  const { intervalSeconds = 5, lifetimeSeconds = 600 } = deviceGrant ?? {}
  return {
    authorize(form, authorization) {
      const clientId = clients.authenticate(form, authorization)
      const client = clientId === undefined ? undefined : clients.find(clientId)
      if (clientId === undefined || client === undefined) return oauthError('invalid_client', 401)
      if (client.grantTypes?.includes(deviceGrantType) === false) {
        return oauthError('unauthorized_client')
      }
      const allowed = client.scope === undefined ? undefined : splitScope(client.scope)
      if (splitScope(form['scope'] ?? '').some((one) => allowed?.includes(one) === false)) {
        return oauthError('invalid_scope')
      }
      const deviceCode = randomBytes(16).toString('base64url')
      const userCode = randomBytes(4).toString('hex').toUpperCase()
      codes.set(deviceCode, {
        clientId,
        userCode,
        scope: scopes.granted(form['scope']),
        resource: form['resource'],
        expiresAtEpochSeconds: nowEpochSeconds() + lifetimeSeconds,
        decision: 'pending',
        lastPollEpochSeconds: Number.NEGATIVE_INFINITY,
      })
      const body = {
        device_code: deviceCode,
        user_code: userCode,
        verification_uri: `${issuer}/device`,
        verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
        expires_in: lifetimeSeconds,
        interval: intervalSeconds,
      }
      return json(200, body, 'device-code')
    },
    redeem(form, clientId) {
      const deviceCode = form['device_code'] ?? ''
      const pending = codes.get(deviceCode)
      if (pending === undefined || pending.clientId !== clientId) return 'invalid_grant'
      const now = nowEpochSeconds()
      if (now >= pending.expiresAtEpochSeconds) return 'expired_token'
      const isTooEarly = now - pending.lastPollEpochSeconds < intervalSeconds
      pending.lastPollEpochSeconds = now
      if (isTooEarly) return 'slow_down'
      if (pending.decision === 'pending') return 'authorization_pending'
      codes.delete(deviceCode)
      if (pending.decision === 'denied') return 'access_denied'
      const resource = form['resource'] ?? pending.resource
      if (pending.resource !== undefined && resource !== pending.resource) return 'invalid_target'
      return { scope: pending.scope, resource }
    },
    decide(decision, userCode) {
      const found =
        userCode === undefined
          ? [...codes.values()].at(-1)
          : [...codes.values()].find((one) => one.userCode === userCode)
      if (found === undefined) throw new Error('No such device code is pending.')
      found.decision = decision
    },
  }
}
