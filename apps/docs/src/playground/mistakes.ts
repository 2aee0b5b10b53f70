import type { PlaygroundInput } from './input'
import { challengeFor, defaultInput, resourceMetadataFor, serverMetadataWith } from './typical'

interface Mistake {
  readonly id: string
  readonly name: string
  readonly note: string
  readonly input: PlaygroundInput
}

const issuer = 'https://as.example.com'

function mistake(
  id: string,
  name: string,
  note: string,
  changes: Partial<PlaygroundInput>,
): Mistake {
  return { id, name, note, input: { ...defaultInput, ...changes } }
}

/** What real deployments get wrong, and what a client makes of it. */
export const mistakes: readonly Mistake[] = [
  mistake(
    'resource-lists-offline-access',
    'The MCP server lists offline_access',
    'offline_access concerns the client and the authorization server. The client removes it from the scope of the resource, and decides about it itself.',
    {
      challenge: challengeFor(undefined),
      resourceMetadata: resourceMetadataFor(issuer, {
        scopes_supported: ['mcp:read', 'offline_access'],
      }),
    },
  ),
  mistake(
    'challenge-names-offline-access',
    'The challenge names offline_access, and the authorization server does not list it',
    'Some authorization servers answer an unknown scope with invalid_scope. The client does not send it.',
    {
      challenge: challengeFor('mcp:read offline_access'),
      serverMetadata: serverMetadataWith({ scopes_supported: ['openid', 'mcp:read', 'mcp:write'] }),
    },
  ),
  mistake(
    'offline-access-not-listed',
    'The authorization server does not list offline_access',
    'The client cannot know that the scope exists. Whether it gets a refresh token is open: list the scope.',
    {
      serverMetadata: serverMetadataWith({ scopes_supported: ['openid', 'mcp:read', 'mcp:write'] }),
    },
  ),
  mistake(
    'client-without-grant',
    'The client does not declare the refresh_token grant',
    'The default of SDK 1.x. Servers that look at grant_types issue no refresh token, and the user signs in at each expiry.',
    { declaresRefreshGrant: false },
  ),
  mistake(
    'pkce-not-listed',
    'The metadata has no code_challenge_methods_supported',
    'A client must not continue, because it cannot know whether PKCE protects the code. The option below assumes it.',
    { serverMetadata: serverMetadataWith({ code_challenge_methods_supported: undefined }) },
  ),
  mistake(
    'pkce-plain-only',
    'Only the PKCE method plain is listed',
    'A list without S256 is a statement of the server. No option overrides it.',
    { serverMetadata: serverMetadataWith({ code_challenge_methods_supported: ['plain'] }) },
  ),
  mistake(
    'issuer-mismatch',
    'The metadata names another issuer',
    'Typical for a tenant in the path, and for a server behind a proxy. The document is not used.',
    { serverMetadata: serverMetadataWith({ issuer: `${issuer}/tenant` }) },
  ),
  mistake(
    'resource-mismatch',
    'The metadata is for another resource',
    'A copied document, or another host name than the users have. Its tokens would be for the other server.',
    {
      resourceMetadata: resourceMetadataFor(issuer, {
        resource: 'https://staging.example.com/mcp',
      }),
    },
  ),
  mistake(
    'no-scope-anywhere',
    'No scope is known',
    'offline_access alone would replace the default scope of the server. The client sends no scope, unless an option says otherwise.',
    {
      challenge: challengeFor(undefined),
      resourceMetadata: resourceMetadataFor(issuer, { scopes_supported: undefined }),
    },
  ),
  mistake(
    'step-up',
    'A step-up that would lose the refresh token',
    'A tool needs a wider scope. The new request keeps what was requested before, with offline_access. Without it, the new grant would have no refresh token.',
    { challenge: challengeFor('mcp:write'), previousScope: 'mcp:read offline_access' },
  ),
  mistake(
    'no-registration',
    'Clients cannot register themselves',
    'The metadata has no registration_endpoint and supports no metadata documents. Register the client by hand.',
    {
      serverMetadata: serverMetadataWith({ registration_endpoint: undefined }),
      registration: 'dynamic',
    },
  ),
  mistake(
    'plain-http',
    'An endpoint without https',
    'Codes and tokens would be readable on the way. Only loopback may use http.',
    { serverMetadata: serverMetadataWith({ token_endpoint: 'http://as.example.com/token' }) },
  ),
]
