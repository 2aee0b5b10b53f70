import type { RefreshTokenRecord } from '@evergrant/authorization-server'
import { withHashedClientSecret } from '@evergrant/authorization-server/oidc-provider'
import type { StoredArtifact } from '@evergrant/authorization-server/oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import type { Account, ActiveGrant, RefreshReads } from './store.ts'

/** The schema version that this version writes. Databases of later versions have a higher one. */
export const schemaVersion = 2

/** How long registrations of schema version 1 are kept beyond the expiry of the last grant. */
export const unusedRegistrationSeconds: number = 7 * 86_400

/** One row as a driver returns it. The columns have the same names in every database. */
export type Row = Readonly<Record<string, unknown>>

/** The values of an artifact, in the order of {@link artifactColumns}. */
export function artifactValues(
  model: string,
  id: string,
  artifact: StoredArtifact,
): [string, string, string, number | null, string | null, string | null, number | null] {
  return [
    model,
    id,
    JSON.stringify(artifact.payload),
    artifact.expiresAtEpochSeconds ?? null,
    artifact.grantId ?? null,
    artifact.lookupKey ?? null,
    artifact.consumedAtEpochSeconds ?? null,
  ]
}

export const artifactColumns = 'model, id, payload, expires_at, grant_id, lookup_key, consumed_at'

/** The values of a live token, in the order of {@link refreshTokenColumns}. */
export function refreshTokenValues(
  record: RefreshTokenRecord<AdapterPayload>,
): [string, string, string | null, number, number, number, string] {
  return [
    record.id,
    record.familyId,
    record.data.accountId ?? null,
    record.issuedAtEpochSeconds,
    record.expiresAtEpochSeconds,
    record.familyExpiresAtEpochSeconds,
    JSON.stringify(record.data),
  ]
}

export const refreshTokenColumns =
  'id, family_id, account_id, issued_at, expires_at, family_expires_at, data'

/**
 * When a refresh token can be deleted, in SQL. An exchanged token is kept as long as its family
 * lives, because a second presentation of it reveals theft.
 */
export const refreshTokenExpiry =
  'CASE WHEN superseded_at IS NULL THEN expires_at ELSE family_expires_at END'

export function artifactFrom(row: Row | undefined): StoredArtifact | undefined {
  if (row === undefined) return undefined
  return {
    payload: payloadFrom(row, 'payload'),
    expiresAtEpochSeconds: optionalNumber(row, 'expires_at'),
    grantId: optionalText(row, 'grant_id'),
    lookupKey: optionalText(row, 'lookup_key'),
    consumedAtEpochSeconds: optionalNumber(row, 'consumed_at'),
  }
}

/**
 * The columns of a {@link refreshReadsFrom} row, in SQL: of the client `c`, the refresh token `t`, the
 * grant `g` and the account `a`, each NULL when nothing is stored.
 */
export const refreshReadsColumns = `
  c.payload AS client, c.expires_at AS client_expires_at,
  t.id, t.family_id, t.issued_at, t.expires_at, t.family_expires_at, t.superseded_at,
  t.successor_id, t.first_used_at, t.data,
  g.payload AS grant_payload, g.expires_at AS grant_expires_at,
  a.id AS account, a.username, a.password_hash`

const nothingRead: RefreshReads = {
  client: undefined,
  refreshToken: undefined,
  grant: undefined,
  account: undefined,
}

export function refreshReadsFrom(row: Row | undefined): RefreshReads {
  if (row === undefined) return nothingRead
  const artifact = (payload: string, expiry: string) =>
    row[payload] === null
      ? undefined
      : {
          payload: payloadFrom(row, payload),
          expiresAtEpochSeconds: optionalNumber(row, expiry),
        }
  return {
    client: artifact('client', 'client_expires_at'),
    refreshToken: row['id'] === null ? undefined : refreshTokenFrom(row),
    grant: artifact('grant_payload', 'grant_expires_at'),
    account: row['account'] === null ? undefined : accountFrom({ ...row, id: row['account'] }),
  }
}

/** The payload of a stored client as text, with its secret hashed. */
export function withoutSecret(row: Row): string {
  return JSON.stringify(withHashedClientSecret(payloadFrom(row, 'payload')))
}

export function refreshTokenFrom(
  row: Row | undefined,
): RefreshTokenRecord<AdapterPayload> | undefined {
  if (row === undefined) return undefined
  return {
    id: text(row, 'id'),
    familyId: text(row, 'family_id'),
    issuedAtEpochSeconds: number(row, 'issued_at'),
    expiresAtEpochSeconds: number(row, 'expires_at'),
    familyExpiresAtEpochSeconds: number(row, 'family_expires_at'),
    supersededAtEpochSeconds: optionalNumber(row, 'superseded_at'),
    successorId: optionalText(row, 'successor_id'),
    firstUsedAtEpochSeconds: optionalNumber(row, 'first_used_at'),
    data: payloadFrom(row, 'data'),
  }
}

export function accountFrom(row: Row | undefined): Account | undefined {
  if (row === undefined) return undefined
  return {
    id: text(row, 'id'),
    username: text(row, 'username'),
    passwordHash: text(row, 'password_hash'),
  }
}

export function activeGrantFrom(row: Row): ActiveGrant {
  const { clientId, redirectUri, scope } = payloadFrom(row, 'data')
  return {
    grantId: text(row, 'family_id'),
    clientId: clientId ?? '',
    redirectUri,
    scope: scope ?? '',
    lastUsedAtEpochSeconds: number(row, 'issued_at'),
    expiresAtEpochSeconds: number(row, 'expires_at'),
  }
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new TypeError(`Expected column ${column} to hold text`)
}

export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw new TypeError(`Expected column ${column} to hold a number`)
}

function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column)
}

function optionalNumber(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : number(row, column)
}

/** Not checked, because only this server writes to these tables. */
function payloadFrom(row: Row, column: string): AdapterPayload {
  return JSON.parse(text(row, column)) as AdapterPayload
}
