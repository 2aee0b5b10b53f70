import { expect, test } from 'vitest'
import { decideSignInFallback } from '../../src/authorization.ts'

/** Whether a refusal with these words makes a client with a stored registration register again. */
function registersAgain(error: string | undefined, description?: string): boolean {
  const decision = decideSignInFallback(
    { scope: 'mcp:read', prompt: undefined, client: 'stored', registeredScope: undefined },
    { at: 'code-exchange', error, description },
    [],
  )
  return decision.action === 'retry' && decision.fallback === 'register-again'
}

test.each([
  ['invalid_client', undefined],
  ['unauthorized_client', undefined],
  // The MCP SDK for Python
  ['invalid_request', "Client ID '4f1c' not found"],
  ['unauthorized_client', 'Invalid client_id'],
  // Auth0
  ['invalid_request', 'Unknown client: 8gzNZ'],
  // Okta
  ['invalid_client', "Invalid value for 'client_id' parameter."],
  // Entra ID
  [
    'invalid_request',
    "AADSTS700016: Application with identifier 'a.b' was not found in the directory 'x'.",
  ],
  // Spring Authorization Server
  ['invalid_request', 'OAuth 2.0 Parameter: client_id'],
  // Stytch, Supabase
  ['oauth_client_not_found', undefined],
  // Django OAuth Toolkit
  ['invalid_request', 'Invalid client_id parameter value.'],
  ['invalid_client_id', undefined],
  ['client_not_found', undefined],
  [undefined, 'This application does not exist'],
  [undefined, 'The OAuth app was deleted'],
  ['Unauthorized', 'No such OAuth client'],
])(
  'unknown client: %s with the description %s says that the client is unknown',
  { tags: ['C-41'] },
  (error, description) => {
    expect(registersAgain(error, description)).toBe(true)
  },
)

test.each([
  ['invalid_grant', 'The code is not valid for this client'],
  ['invalid_scope', 'The client is not registered for this scope'],
  ['invalid_target', 'unknown resource for this application'],
  ['access_denied', 'This application is disabled for your account'],
  ['server_error', 'client not found'],
  ['invalid_request', 'Missing client_id'],
  ['invalid_request', 'code_challenge is required for public clients'],
  ['invalid_request', 'The code_verifier is invalid'],
  ['invalid_request', undefined],
  [undefined, undefined],
])(
  'unknown client: %s with the description %s does not say that the client is unknown',
  { tags: ['C-41'] },
  (error, description) => {
    expect(registersAgain(error, description)).toBe(false)
  },
)
