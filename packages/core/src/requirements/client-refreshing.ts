import type { Requirement } from './requirement.ts'

/** Rules for clients: refreshing and signing out. */
export const clientRefreshingRequirements: readonly Requirement[] = [
  {
    id: 'C-50',
    level: 'MUST',
    group: 'client-refreshing',
    text: 'A new refresh token replaces the old one. A response without a refresh token keeps the old one',
    source: 'RFC 6749 §6',
    quotes: [
      {
        text: 'The authorization server MAY issue a new refresh token, in which case the client MUST discard the old refresh token and replace it with the new refresh token.',
        url: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
      },
    ],
  },
  {
    id: 'C-51',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'One refresh per rotation: regardless of how many callers, threads and processes share a grant, the token endpoint receives one request',
    source: 'BCP §4.14.2 (reuse revokes the family)',
  },
  {
    id: 'C-52',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'The new token set is durable before the new access token is used. If a process is killed at any instant, the store contains either the old set or the new one',
    source: '',
  },
  {
    id: 'C-53',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'Failures are distinguished. `invalid_grant`: the grant has ended, after the store was read again and has nothing newer. `invalid_client`: the registration has ended. Network errors, 5xx and 429: the refresh token is kept, the call is retried with back-off and `Retry-After`, and the user is not prompted',
    source: '',
  },
  {
    id: 'C-54',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'A 401 names the token it rejected. If the store already has another token, that token is used and nothing is refreshed',
    source: '',
  },
  {
    id: 'C-55',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'A refresh starts before expiry (a fraction of the lifetime, with jitter), in the background while the current token is still valid. Clock skew between the machine and the server is tolerated',
    source: '',
  },
  {
    id: 'C-56',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'A scope that is narrower than requested is detected and reported',
    source: 'RFC 6749 §5.1',
  },
  {
    id: 'C-57',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'Signing out revokes the refresh token at the server (RFC 7009) and then deletes it locally, even if the server cannot be reached',
    source: 'RFC 7009',
  },
  {
    id: 'C-58',
    level: 'OURS',
    group: 'client-refreshing',
    text: 'The end of a grant is known if the server announces it: the members of the draft, and common vendor members (`refresh_token_expires_in`, `refresh_expires_in`), each with plausibility checks. The status shows it, and a warning precedes it by days',
    source: 'draft-ietf-oauth-refresh-token-expiration',
  },
  {
    id: 'C-59',
    level: 'OURS',
    group: 'client-refreshing',
    text: "No refusal is final. A refresh that is refused for any reason but a transient one leads, after the access token is used up, to at most one sign-in, and then to an error with the server's own words",
    source: '',
  },
]
