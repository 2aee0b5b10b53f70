import { readBinding } from '../token/token-binding.ts'
import { areIdentifiersUsable, grantedScopes, scopeClaimOf } from '../token/token-claims.ts'
import { isAnotherToken } from '../token/token-type.ts'
import { refused } from '../token/verification.ts'
import type { TokenRefusal, Verification } from '../token/verification.ts'
import type { IntrospectionMembers } from './request.ts'

/** What an introspection response is checked against. */
export interface IntrospectionExpectations {
  /** The authorization server that answered. */
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly absentAudience: 'refuse' | 'accept'
  readonly scopeClaim: string | undefined
  readonly clockToleranceSeconds: number
}

/** The types of access tokens. A response without `token_type` is accepted (RFC 7662 §2.2). */
const accessTokenTypes = new Set(['bearer', 'dpop'])

/**
 * Decides about a token from an introspection response (S-12). Pure.
 *
 * `active` alone does not say that the token is for this resource, nor that it is an access token: RFC 7662
 * §2.1 allows introspection of refresh tokens too.
 *
 * @returns A verdict that holds as long as the times in the response allow.
 * @see RFC 7662 §2.2
 */
export function readIntrospection(
  members: IntrospectionMembers,
  expectations: IntrospectionExpectations,
  nowEpochSeconds: number,
): Verification {
  const { clockToleranceSeconds: tolerance } = expectations
  const binding = readBinding(members['cnf'])
  const reason = refusalOf(members, expectations, nowEpochSeconds)
  if (reason !== undefined || binding === 'unsupported') {
    const begins = numberOf(members['nbf'])
    const validity = {
      fromEpochSeconds: -Infinity,
      untilEpochSeconds:
        reason === 'token-not-yet-valid' && begins !== undefined ? begins - tolerance : Infinity,
    }
    return { ...refused(reason ?? 'token-binding-unsupported'), validity }
  }
  const expiresAt = numberOf(members['exp'])
  const { sub, client_id: clientId, azp } = members
  return {
    verdict: {
      valid: true,
      token: {
        issuer: expectations.issuer,
        subject: stringOf(sub),
        clientId: stringOf(clientId) ?? stringOf(azp),
        scopes: grantedScopes(scopeClaimOf(members, expectations.scopeClaim)),
        audience: [members['aud'] ?? []].flat().filter((entry) => typeof entry === 'string'),
        expiresAtEpochSeconds: expiresAt,
        keyThumbprint: binding.keyThumbprint,
        claims: members,
      },
    },
    validity: {
      fromEpochSeconds: -Infinity,
      untilEpochSeconds: (expiresAt ?? Infinity) + tolerance,
    },
  }
}

function refusalOf(
  members: IntrospectionMembers,
  expectations: IntrospectionExpectations,
  nowEpochSeconds: number,
): TokenRefusal | undefined {
  if (!members.active) return 'token-inactive'
  const { iss, token_type: type, exp, nbf } = members
  if (iss !== undefined && iss !== expectations.issuer) return 'token-issuer-not-trusted'
  if (
    type !== undefined &&
    !(typeof type === 'string' && accessTokenTypes.has(type.toLowerCase()))
  ) {
    return 'token-type-not-allowed'
  }
  if (isAnotherToken(members)) return 'token-type-not-allowed'
  if (!areIdentifiersUsable(members)) return 'token-claim-invalid'
  if ([exp, nbf].some((time) => time !== undefined && numberOf(time) === undefined)) {
    return 'token-claim-invalid'
  }
  const now = Math.floor(nowEpochSeconds)
  const { clockToleranceSeconds: tolerance } = expectations
  if ((numberOf(exp) ?? Infinity) <= now - tolerance) return 'token-expired'
  if ((numberOf(nbf) ?? -Infinity) > now + tolerance) return 'token-not-yet-valid'
  return isForThisResource(members['aud'], expectations) ? undefined : 'token-audience-mismatch'
}

function isForThisResource(
  audience: unknown,
  { audiences, absentAudience }: IntrospectionExpectations,
): boolean {
  if (audience === undefined) return absentAudience === 'accept'
  return [audience].flat().some((entry) => typeof entry === 'string' && audiences.includes(entry))
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
