import { createHash, randomBytes } from 'node:crypto'
import type { Answer, Parameters } from './answers.ts'
import { oauthError, redirect } from './answers.ts'
import type { ClientRegistry } from './clients.ts'
import { acceptsRedirect } from './clients.ts'
import type { ScopePolicy } from './scope-policy.ts'
import { splitScope } from './scope-policy.ts'
import type { ScriptedAuthorizationServerOptions } from './scripted-server.ts'

interface PendingCode {
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly resource: string | undefined
  readonly codeChallenge: string
}

/** What an authorization code grants. */
export interface CodeGrant {
  readonly scope: string
  readonly resource: string | undefined
}

/** The authorization endpoint and its codes. */
export interface AuthorizationCodes {
  /** Answers an authorization request: approves it without a prompt. */
  authorize(query: Parameters): Answer
  /** Redeems a code, or returns the OAuth error code. */
  redeem(form: Parameters, clientId: string): CodeGrant | 'invalid_grant' | 'invalid_target'
}

export function createAuthorizationCodes(
  issuer: string,
  clients: ClientRegistry,
  scopes: ScopePolicy,
  { unknownClientAnswer }: Pick<ScriptedAuthorizationServerOptions, 'unknownClientAnswer'> = {},
): AuthorizationCodes {
  const codes = new Map<string, PendingCode>()
  return {
    authorize(query) {
      const { client_id: clientId = '', redirect_uri: redirectUri = '', state } = query
      const client = clients.find(clientId)
      if (client === undefined) return unknownClient(issuer, query, unknownClientAnswer)
      if (!acceptsRedirect(client, redirectUri)) return oauthError('invalid_redirect_uri')
      const target = new URL(redirectUri)
      target.searchParams.set('iss', issuer)
      if (state !== undefined) target.searchParams.set('state', state)
      const codeChallenge = query['code_challenge']
      if (
        query['response_type'] !== 'code' ||
        codeChallenge === undefined ||
        query['code_challenge_method'] !== 'S256'
      ) {
        target.searchParams.set('error', 'invalid_request')
        return redirect(target, 'invalid_request')
      }
      const allowed = client.scope === undefined ? undefined : splitScope(client.scope)
      if (splitScope(query['scope'] ?? '').some((one) => allowed?.includes(one) === false)) {
        return redirectError(issuer, query, 'invalid_scope', undefined)
      }
      const code = randomBytes(16).toString('base64url')
      codes.set(code, {
        clientId,
        redirectUri,
        scope: scopes.granted(query['scope']),
        resource: query['resource'],
        codeChallenge,
      })
      target.searchParams.set('code', code)
      return redirect(target, 'approved')
    },
    redeem(form, clientId) {
      const code = form['code'] ?? ''
      const pending = codes.get(code)
      codes.delete(code)
      const challenge = createHash('sha256')
        .update(form['code_verifier'] ?? '')
        .digest('base64url')
      if (
        pending === undefined ||
        pending.clientId !== clientId ||
        pending.redirectUri !== form['redirect_uri'] ||
        pending.codeChallenge !== challenge
      ) {
        return 'invalid_grant'
      }
      const resource = form['resource'] ?? pending.resource
      if (pending.resource !== undefined && resource !== pending.resource) return 'invalid_target'
      return { scope: pending.scope, resource }
    },
  }
}

function unknownClient(
  issuer: string,
  query: Parameters,
  answer: ScriptedAuthorizationServerOptions['unknownClientAnswer'],
): Answer {
  if (answer === undefined) return oauthError('invalid_client')
  return 'redirectError' in answer
    ? redirectError(issuer, query, answer.redirectError, answer.description)
    : { ...answer, outcome: 'unknown-client' }
}

/** Redirects an authorization request with an error. */
export function redirectError(
  issuer: string,
  query: Parameters,
  error: string,
  description: string | undefined,
): Answer {
  const target = new URL(query['redirect_uri'] ?? issuer)
  target.searchParams.set('error', error)
  if (description !== undefined) target.searchParams.set('error_description', description)
  if (query['state'] !== undefined) target.searchParams.set('state', query['state'])
  target.searchParams.set('iss', issuer)
  return redirect(target, error)
}
