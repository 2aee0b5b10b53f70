import { createHmac, randomBytes } from 'node:crypto'
import type { VerifiedAccessToken } from '@evergrant/resource-server'
import type { AuthInfo } from '@modelcontextprotocol/server'
import type { Owner } from '../notes/notes-store.ts'

/**
 * Who called: the subject of the token at its issuer. A client that acts for itself is its own owner:
 * its tokens have no subject, or its client ID as the subject (RFC 9068 §2.2).
 *
 * @returns `undefined` if the token names neither, or has a user name without a subject.
 */
export function ownerOf(token: VerifiedAccessToken): Owner | undefined {
  const { issuer, subject, clientId, claims } = token
  if (subject !== undefined && subject !== clientId) return { issuer, kind: 'user', id: subject }
  // An introspection response may name its user in `username` only (RFC 7662 §2.2). Without this rule,
  // all users of a client would share its notes. A user name can be given to another user later.
  if (subject === undefined && claims['username'] !== undefined) return undefined
  return clientId === undefined ? undefined : { issuer, kind: 'client', id: clientId }
}

/** Distinguishes callers in limits and logs, without naming them. */
export type CallerIds = (owner: Owner) => string

/** The key exists in this process only, so an ID in a log cannot be compared with a known user. */
export function createCallerIds(): CallerIds {
  const key = randomBytes(32)
  return ({ issuer, kind, id }) =>
    createHmac('sha256', key)
      .update(JSON.stringify([issuer, kind, id]))
      .digest('base64url')
      .slice(0, 16)
}

/** The caller as the tools see it. The token is left out, so no tool can pass it on. */
export function authInfoOf(token: VerifiedAccessToken, owner: Owner): AuthInfo {
  const { clientId = '', scopes, expiresAtEpochSeconds: expiresAt } = token
  return {
    token: '',
    clientId,
    scopes: [...scopes],
    ...(expiresAt === undefined ? {} : { expiresAt }),
    extra: { owner },
  }
}

/** The owner that {@link authInfoOf} passed on. */
export function passedOwner(authInfo: AuthInfo | undefined): Owner {
  const owner = authInfo?.extra?.['owner']
  if (isOwner(owner)) return owner
  throw new TypeError('The MCP handler was called without a verified access token.')
}

function isOwner(value: unknown): value is Owner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'issuer' in value &&
    'kind' in value &&
    'id' in value
  )
}
