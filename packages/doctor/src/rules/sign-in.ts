import { readScope, showRemote } from '@evergrant/core'
import type { Evidence } from '../evidence/evidence.ts'
import type { Measurement, RefreshTrial } from '../observations/measurement.ts'
import { pages } from './rule.ts'
import type { Occurrence, Rule } from './rule.ts'
import { inventedToken } from '../lib/names.ts'

const concerns = 'authorization-server'

/** Rules about what a real sign-in showed. */
export const signInRules: readonly Rule[] = [
  {
    id: 'iss-not-declared',
    title: 'The authorization response names the issuer and the metadata does not say so',
    why: 'Some clients check the issuer of a response only if the metadata announces it. They lose the protection against mix-up.',
    step: 'authorization',
    concerns,
    keyword: 'MUST',
    requirements: ['A-08', 'C-35'],
    sentence:
      'Authorization servers that include the `iss` parameter **MUST** advertise this by setting `authorization_response_iss_parameter_supported` to `true` in their metadata',
    link: `${pages.authorization}#authorization-response-validation`,
    change: 'Set authorization_response_iss_parameter_supported to true.',
    check: measured(({ iss, issuer }, { servers }) => {
      const server = servers.find(({ metadata }) => metadata?.issuer === issuer)
      if (iss === 'absent' || server?.metadata === undefined) return undefined
      return server.metadata.authorization_response_iss_parameter_supported === true
        ? undefined
        : 'The response had iss, so clients that rely on the metadata do not check it.'
    }),
  },
  {
    id: 'access-token-refused',
    title: 'The MCP server refuses a token that was issued for it a moment ago',
    why: 'The user signed in, and the first call is refused. Clients sign in again, with the same result.',
    step: 'authorization',
    concerns: 'mcp-server',
    keyword: 'BLOCKING',
    requirements: ['S-12'],
    link: `${pages.authorization}#token-handling`,
    change:
      'Compare issuer, audience and type of the token with what the MCP server expects. The reason is in its log.',
    check: measured(({ accessToken: { mcpServerStatus, audience, issuer } }) =>
      mcpServerStatus === 401 || mcpServerStatus === 403
        ? `The MCP server answered with status ${mcpServerStatus} to a new token (aud ${showRemote(audience ?? 'unknown', 120)}, iss ${showRemote(issuer ?? 'unknown', 120)}).`
        : undefined,
    ),
  },
  {
    id: 'access-token-for-another-audience',
    title: 'The access token does not name the MCP server as its audience',
    why: 'An MCP server that checks the audience refuses this token. One that does not check it also accepts tokens that other servers received.',
    step: 'authorization',
    concerns,
    keyword: 'OBSERVED',
    requirements: ['S-12', 'C-34'],
    link: `${pages.security}#access-token-privilege-restriction`,
    change:
      'Honor the resource parameter (RFC 8707). Otherwise let the MCP server accept this audience, and make sure that the issuer gives it to no other server.',
    check: measured(({ accessToken: { audience } }, { observations, discovery }) => {
      if (audience === undefined) return undefined
      const resource = discovery?.outcome === 'found' ? discovery.discovery.resource : undefined
      const own = [resource, observations.serverUrl].filter((one) => one !== undefined)
      return audience.some((one) => own.some((each) => isSameUrl(one, each)))
        ? undefined
        : `aud is ${showRemote(audience, 200)} (expected ${showRemote(own[0] ?? '', 200)}).`
    }),
  },
  {
    id: 'no-refresh-token',
    title: 'The sign-in brought no refresh token',
    why: 'The sign-in lasts as long as one access token. After that, the user is asked again.',
    step: 'refresh',
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-05', 'A-01'],
    link: 'https://modelcontextprotocol.io/seps/2207-oidc-refresh-token-guidance',
    change:
      'If users should stay signed in, issue refresh tokens to clients that list the grant, and list offline_access if it must be requested.',
    check: measured(({ refreshToken, noRefreshTokenReason, accessToken }) =>
      refreshToken === 'issued'
        ? undefined
        : `${noRefreshTokenReason ?? 'The server issued none.'} The access token lives for ${accessToken.expiresInSeconds ?? 'an unknown number of'} s.`,
    ),
  },
  {
    id: 'refresh-refused',
    title: 'The refresh token does not work',
    why: 'The client has a refresh token and cannot use it: the user signs in again after each access token.',
    step: 'refresh',
    concerns,
    keyword: 'BLOCKING',
    requirements: ['C-53'],
    link: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
    change:
      'Find the reason in the log of the server: a client that was given a refresh token must be able to use it.',
    check: measured(({ refresh }) =>
      refresh?.withResource.outcome === 'refused' && refresh.plain.outcome === 'refused'
        ? `A refresh with the new token was refused: ${describe(refresh.plain)}.`
        : undefined,
    ),
  },
  {
    id: 'refresh-with-resource-refused',
    title: 'A refresh with the resource parameter is refused',
    why: 'The specification requires clients to send the parameter with every token request. Those that do are signed out at the first refresh.',
    step: 'refresh',
    concerns,
    keyword: 'MUST',
    requirements: ['C-34'],
    sentence:
      'MCP clients **MUST** send this parameter regardless of whether authorization servers support it.',
    link: `${pages.authorization}#resource-parameter-implementation`,
    change: 'Accept resource on refresh requests, or ignore it.',
    check: measured(({ refresh }) =>
      refresh?.withResource.outcome === 'refused' && refresh.plain.outcome === 'tokens'
        ? `With resource: ${describe(refresh.withResource)}. Without it, the refresh succeeds.`
        : undefined,
    ),
  },
  {
    id: 'refresh-with-scope-refused',
    title: 'A refresh that repeats the granted scope is refused',
    why: 'Clients that repeat the scope, as some products require, are signed out at the first refresh.',
    step: 'refresh',
    concerns,
    keyword: 'OBSERVED',
    requirements: ['C-03'],
    link: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
    change:
      'Accept every scope of the grant on refresh requests. Clients leave scope out in the meantime.',
    check: measured(({ refresh }) =>
      refresh?.withScope.outcome === 'refused' && refresh.plain.outcome === 'tokens'
        ? `With the granted scope: ${describe(refresh.withScope)}.`
        : undefined,
    ),
  },
  {
    id: 'refresh-forgets-resource',
    title: 'A refresh loses the audience of the token',
    why: 'The first access token works, and the refreshed one is refused. Users are signed out when the first token expires.',
    step: 'refresh',
    concerns,
    keyword: 'BLOCKING',
    requirements: ['C-34', 'S-12'],
    link: 'https://www.rfc-editor.org/rfc/rfc8707#section-2.2',
    change:
      'Issue refreshed tokens for the resource of the grant. The MCP server refuses them otherwise.',
    check: measured(({ refresh, accessToken: { audience } }) => {
      const after = refresh?.withResource.audience
      if (audience === undefined || after === undefined || audience.length === 0) return undefined
      return audience.some((one) => after.includes(one))
        ? undefined
        : `aud was ${showRemote(audience, 160)} after the sign-in and is ${showRemote(after, 160)} after a refresh with resource.`
    }),
  },
  {
    id: 'refresh-token-not-rotated',
    title: 'Refresh tokens of a public client do not rotate',
    why: 'A stolen refresh token of a public client works until the grant ends, and the server cannot detect the theft.',
    step: 'refresh',
    concerns,
    keyword: 'MUST',
    requirements: ['A-05'],
    sentence:
      'For public clients, authorization servers **MUST** rotate refresh tokens as described in OAuth 2.1 Section 4.3.1',
    link: `${pages.security}#token-theft`,
    change:
      'Issue a new refresh token with each refresh of a public client, or bind the token to a key (DPoP).',
    check: measured(({ refresh, isPublicClient }) => {
      if (!isPublicClient || refresh === undefined) return undefined
      if (refresh.rotation === 'no-token')
        return 'A refresh brings no new refresh token, and the old one stays valid.'
      if (refresh.rotation !== 'same-token') return undefined
      return `Every refresh within ${refresh.overlap?.seconds ?? 0} s gave the same refresh token back.`
    }),
  },
  {
    id: 'narrowing-is-permanent',
    title: 'A refresh with a part of the scope narrows the whole grant',
    why: 'A client that once asks for a smaller token loses the rest of what the user granted, and must ask for consent again.',
    step: 'refresh',
    concerns,
    keyword: 'MUST',
    requirements: ['C-24'],
    sentence:
      'If a new refresh token is issued, the refresh token scope MUST be identical to that of the refresh token included by the client in the request.',
    link: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
    change: 'Narrow only the access token, and keep the scope of the grant.',
    check: measured(({ refresh }) => {
      const before = readScope(refresh?.plain.scope).tokens
      const after = readScope(refresh?.afterNarrowing?.scope).tokens
      const lost = before.filter((scope) => !after.includes(scope))
      if (refresh?.afterNarrowing?.outcome !== 'tokens' || after.length === 0 || lost.length === 0)
        return undefined
      return `After a narrowed refresh, a refresh without scope lacks ${showRemote(lost, 120)}.`
    }),
  },
  {
    id: 'invalid-refresh-token-accepted',
    title: 'The authorization server accepts a refresh token that it did not issue',
    why: 'Anyone can get an access token with an invented refresh token.',
    step: 'refresh',
    concerns,
    keyword: 'MUST',
    requirements: [],
    sentence: 'The authorization server MUST: […] validate the refresh token.',
    link: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
    change:
      'Refuse refresh tokens that the server did not issue, with status 400 and invalid_grant.',
    check: measured(({ invalidToken }) =>
      invalidToken.outcome === 'tokens'
        ? `The token "${inventedToken}" brought an access token.`
        : undefined,
    ),
  },
  {
    id: 'dead-token-wrong-error',
    title: 'An invalid refresh token is not answered with invalid_grant',
    why: 'Clients recognize the end of a grant by invalid_grant. With another error they repeat the request, or show an error instead of a sign-in page.',
    step: 'refresh',
    concerns,
    keyword: 'MUST',
    requirements: ['C-53', 'C-59'],
    sentence:
      'invalid_grant: The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked […] error REQUIRED. A single ASCII error code',
    link: 'https://www.rfc-editor.org/rfc/rfc6749#section-5.2',
    change:
      'Answer with status 400 and {"error":"invalid_grant"}. Clients recognize the end of a sign-in by it.',
    check: measured(({ invalidToken, revocation }) => {
      const trial = revocation.deadToken ?? invalidToken
      if (trial.outcome !== 'refused' || trial.error === 'invalid_grant') return undefined
      return `The answer was ${describe(trial)}.`
    }),
  },
  {
    id: 'no-grace-after-rotation',
    title: 'A lost response ends the sign-in',
    why: 'A response can be lost: a tunnel breaks, a laptop falls asleep, a process is killed. The client then has only the old token, and its next refresh ends the grant.',
    step: 'refresh',
    concerns,
    keyword: 'OURS',
    requirements: ['A-06'],
    link: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2',
    change:
      'Honor a superseded refresh token until its successor is used, or for a short time. Concurrent calls and lost responses then do not sign the user out.',
    check: measured(({ reuse }) =>
      reuse?.grace.isAtLeast === false &&
      reuse.grace.seconds < 1 &&
      reuse.afterGrace === 'grant-ended'
        ? 'A superseded refresh token was refused at once, and the newest token ended with it.'
        : undefined,
    ),
  },
  {
    id: 'reuse-keeps-the-grant',
    title: 'The use of a superseded refresh token does not end the grant',
    why: 'Reuse shows that two parties have tokens of one grant. If the thief has the newest one, it keeps working.',
    step: 'refresh',
    concerns,
    keyword: 'OURS',
    requirements: ['A-05'],
    link: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2',
    change:
      'Revoke the newest token too: two parties hold the grant, and the server cannot know which one is the thief.',
    check: measured(({ reuse }) =>
      reuse?.afterGrace === 'refused'
        ? `The superseded token is refused${reuse.grace.seconds > 0 ? ` after ${reuse.grace.seconds} s` : ''}, and the newest one still works.`
        : undefined,
    ),
  },
  {
    id: 'lifetime-not-announced',
    title: 'The authorization server does not say when the sign-in ends',
    why: 'Clients cannot say how long the sign-in lasts, and the end surprises the user in the middle of work.',
    step: 'refresh',
    concerns,
    keyword: 'OURS',
    requirements: ['A-12', 'C-58'],
    link: 'https://datatracker.ietf.org/doc/draft-ietf-oauth-refresh-token-expiration/',
    change:
      'Send authorization_expires_in and refresh_token_timeout with each token response, so that clients can warn the user in time.',
    check: measured(({ refreshToken, announced }) =>
      refreshToken === 'issued' && Object.keys(announced).length === 0
        ? 'The token response has no member that announces when the refresh token or the authorization ends.'
        : undefined,
    ),
  },
  {
    id: 'revocation-refused',
    title: 'The authorization server refuses a revocation',
    why: 'The user signs out, and the server keeps the grant.',
    step: 'revocation',
    concerns,
    keyword: 'MUST',
    requirements: ['A-11', 'C-57'],
    sentence:
      'Implementations MUST support the revocation of refresh tokens and SHOULD support the revocation of access tokens',
    link: 'https://www.rfc-editor.org/rfc/rfc7009#section-2',
    change:
      'Accept revocations with the authentication that the client uses at the token endpoint.',
    check: measured(({ revocation }) =>
      revocation.outcome === 'refused'
        ? `The revocation endpoint answered with ${revocation.status === undefined ? 'nothing' : `status ${revocation.status}`}.`
        : undefined,
    ),
  },
  {
    id: 'revocation-ineffective',
    title: 'A revoked refresh token still works',
    why: 'The user signs out, is told that it worked, and the token still gets access.',
    step: 'revocation',
    concerns,
    keyword: 'MUST',
    requirements: ['A-11', 'C-57'],
    sentence:
      'Implementations MUST support the revocation of refresh tokens and SHOULD support the revocation of access tokens',
    link: 'https://www.rfc-editor.org/rfc/rfc7009#section-2',
    change: 'End the grant when its refresh token is revoked, before the answer is sent.',
    check: measured(({ revocation }) =>
      revocation.outcome === 'ineffective'
        ? `The revocation was answered with status ${revocation.status ?? 0}, and a refresh afterwards succeeded.`
        : undefined,
    ),
  },
]

/** A rule about the measurement: the message, or nothing. */
function measured(
  judge: (measurement: Measurement, evidence: Evidence) => string | undefined,
): Rule['check'] {
  return (evidence): readonly Occurrence[] => {
    const { measurement } = evidence.observations
    const message = measurement === undefined ? undefined : judge(measurement, evidence)
    if (measurement === undefined || message === undefined) return []
    return [
      {
        message,
        evidence: [
          { url: measurement.issuer, text: `measured with a sign-in at ${measurement.issuer}` },
        ],
      },
    ]
  }
}

function describe({ status, error, meaning }: RefreshTrial): string {
  return `status ${status ?? 'unknown'} with ${error === undefined ? `no OAuth error (${meaning ?? 'unknown'})` : showRemote(error, 80)}`
}

function isSameUrl(one: string, other: string): boolean {
  const bare = (text: string): string => text.replace(/\/$/, '')
  return bare(one) === bare(other)
}
