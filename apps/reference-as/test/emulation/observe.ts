import {
  client,
  clientId,
  clientWithoutGrantType,
  publicClientId,
  scope,
  startTestbed,
} from './testbed.ts'
import { signIn, tokenRequest } from './requests.ts'
import type { Outcome, Parameters } from './requests.ts'

/** Observes the behaviors of an emulated server by requests alone. */
export async function observe(
  name: string,
  list?: (resource: string) => readonly string[],
): Promise<Record<string, string>> {
  await using it = await startTestbed(name, {}, list)
  const wellKnown = (suffix: string) => fetch(`${it.as.issuer}/.well-known/${suffix}`)
  const oauth = await wellKnown('oauth-authorization-server')
  const openid = await wellKnown('openid-configuration')
  const document = openid.status === 404 ? oauth.clone() : openid.clone()
  const metadata = (await document.json()) as Record<string, unknown>
  const sign = (parameters: Parameters) => signIn(it.as.issuer, parameters)
  const refresh = (refreshToken: string) =>
    tokenRequest(it.as.issuer, { grant_type: 'refresh_token', refresh_token: refreshToken })
  const plain = { scope, resource: it.resource.url }
  const refusesResource = (await sign(plain)).error === 'invalid_target'
  const usual = refusesResource ? { scope } : plain
  const offline = { ...usual, scope: `${scope} offline_access` }
  const undeclared = { client_id: clientWithoutGrantType }
  const bare = await sign(usual)
  const bareUndeclared = await sign({ ...usual, ...undeclared })
  const withOffline = await sign(offline)
  const withConsent = await sign({ ...offline, prompt: 'consent' })
  const consentUndeclared = await sign({ ...offline, ...undeclared, prompt: 'consent' })
  const accessType = await sign({ ...usual, access_type: 'offline', prompt: 'consent' })
  const badResource = await sign({ ...usual, resource: 'http://127.0.0.1:9/mcp#fragment' })
  const offlineListed = [metadata['scopes_supported']].flat().includes('offline_access')

  const presented = [bare, withOffline, withConsent, accessType]
    .map(({ refreshToken }) => refreshToken)
    .find((token) => token !== undefined)
  if (presented === undefined) throw new Error('no way to a refresh token was found')
  const second = await refresh(presented)
  const { refreshToken: returned } = second
  const again = await refresh(presented)
  const successor = await refresh(returned ?? presented)
  const late = await refresh(presented)
  const newest = await refresh(successor.refreshToken ?? presented)
  const dead = await refresh('never-issued')
  const usualOrOffline = withOffline.error === 'invalid_scope' ? usual : offline
  const byPublicClient = await sign({
    ...usualOrOffline,
    client_id: publicClientId,
    prompt: 'consent',
    access_type: 'offline',
  })
  const issued = bare.accessToken ?? ''
  const refreshed = decode(second.accessToken ?? '', 1)

  return {
    refreshTokenFor: refreshTokenFor({ bare, bareUndeclared, withConsent, consentUndeclared }),
    offlineAccess:
      withOffline.error === 'invalid_scope' ? 'refused' : offlineListed ? 'listed' : 'unlisted',
    scopesSupported: 'scopes_supported' in metadata ? 'present' : 'absent',
    promptConsent:
      withConsent.refreshToken !== undefined && withOffline.refreshToken === undefined
        ? 'needed'
        : 'not-needed',
    requestWithoutScope:
      (await sign({ ...usual, scope: undefined })).error === undefined ? 'accepted' : 'refused',
    rotation:
      returned === undefined ? 'no-token' : returned === presented ? 'same-token' : 'new-token',
    reuse: reuse({ again, late, newest }),
    resource: refusesResource ? 'refused' : badResource.error === undefined ? 'ignored' : 'honored',
    ...(await observeRegistration(it.as.issuer, metadata, usual)),
    ...(await observeForms(it.as.issuer)),
    publicClients: byPublicClient.refreshToken === undefined ? 'get-none' : 'get-refresh-tokens',
    audience: decode(issued, 1)['aud'] === clientId ? 'client' : 'resource',
    tokenType: decode(issued, 0)['typ'] === undefined ? 'absent' : 'at+jwt',
    resourceOnRefresh: refreshed['aud'] === clientId ? 'forgotten' : 'granted',
    clientIdMetadataDocuments:
      metadata['client_id_metadata_document_supported'] === undefined
        ? 'not-supported'
        : 'supported',
    iss: bare.iss === undefined ? 'not-sent' : 'sent',
    codeChallengeMethods: 'code_challenge_methods_supported' in metadata ? 'present' : 'absent',
    metadataAt: metadataAt(oauth, openid),
    deadRefreshToken: dead.error ?? 'accepted',
  }
}

function metadataAt(oauth: Response, openid: Response): string {
  if (openid.status === 404) return 'oauth-authorization-server'
  if (oauth.status === 404) return 'openid-configuration'
  return oauth.headers.get('content-type')?.includes('html') === true
    ? 'openid-configuration-and-a-page'
    : 'both'
}

/** Whether a client can register, and what it may then request. */
async function observeRegistration(
  issuer: string,
  metadata: Readonly<Record<string, unknown>>,
  usual: Parameters,
): Promise<Record<string, string>> {
  if (!('registration_endpoint' in metadata)) return { registration: 'not-offered' }
  const response = await fetch(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...client, grant_types: ['authorization_code', 'refresh_token'] }),
  })
  const registered: unknown = await response.json()
  if (response.status === 403) return { registration: 'listed-and-refused' }
  const { error } = await signIn(issuer, {
    ...usual,
    scope: 'mcp:read mcp:write',
    client_id: String(Reflect.get(Object(registered), 'client_id')),
  })
  return {
    registration: 'offered',
    registeredScope: error === 'invalid_scope' ? 'default-only' : 'any',
  }
}

/** What must be in the forms of a token request and of a revocation. */
async function observeForms(issuer: string): Promise<Record<string, string>> {
  const send = async (path: string, form: Record<string, string>): Promise<string> => {
    const headers = { authorization: `Basic ${btoa(`${publicClientId}:x`)}` }
    const init = { method: 'POST', body: new URLSearchParams(form) }
    const withBasic = path === '/token' ? { ...init, headers } : init
    return await (await fetch(`${issuer}${path}`, withBasic)).text()
  }
  const token = await send('/token', { grant_type: 'refresh_token', refresh_token: 'x' })
  const revocation = await send('/token/revocation', { client_id: publicClientId, token: 'x' })
  return {
    clientIdInForm: token.includes('Missing client_id') ? 'required' : 'optional',
    revocationSecret: revocation.includes('client_secret: Field required') ? 'form-only' : 'any',
  }
}

/** The header (0) or the payload (1) of a JWT. */
function decode(token: string, part: 0 | 1): Readonly<Record<string, unknown>> {
  const text = Buffer.from(token.split('.')[part] ?? '', 'base64url').toString('utf8')
  return JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>
}

function refreshTokenFor(outcomes: {
  readonly bare: Outcome
  readonly bareUndeclared: Outcome
  readonly withConsent: Outcome
  readonly consentUndeclared: Outcome
}): string {
  const { bare, bareUndeclared, withConsent, consentUndeclared } = outcomes
  if (bareUndeclared.refreshToken !== undefined) return 'always'
  if (bare.refreshToken !== undefined) return 'grant-type'
  if (consentUndeclared.refreshToken !== undefined) return 'offline-access'
  return withConsent.refreshToken === undefined
    ? 'access-type-offline'
    : 'grant-type-and-offline-access'
}

/** From the outcomes of a superseded token before and after the first use of its successor. */
function reuse({ again, late, newest }: Record<'again' | 'late' | 'newest', Outcome>): string {
  if (again.error === undefined && late.error === undefined) return 'accepted'
  if (newest.error !== undefined) return 'family-revoked'
  return again.error === undefined ? 'accepted-until-successor-is-used' : 'refused'
}
