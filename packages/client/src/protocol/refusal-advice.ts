import { quote } from '../lib/errors.ts'

/** What to do after an authorization server refused a sign-in with an OAuth error. */
export function adviceForRefusal(
  error: string | undefined,
  request: { readonly resource: string; readonly clientId: string },
): string {
  switch (error) {
    case 'access_denied':
      return 'The user or a policy of the server declined. Sign in again to retry.'
    case 'invalid_scope':
      return 'It does not grant this scope to this client. Ask its operator, or request less scope.'
    case 'invalid_target':
      return `It does not accept the resource ${quote(request.resource)}. Ask its operator to register this resource, or the operator of the MCP server to name the registered one as \`resource\` in its metadata. If that one covers more than the MCP server, accept it with the option acceptedResource (evergrant login --resource <url>).`
    case 'invalid_client':
    case 'unauthorized_client':
      return `It does not accept the client ${quote(request.clientId)}. Register the client again: signIn({ registerAgain: true }), or evergrant login --register-again. If you registered the client by hand, check its client ID, secret and redirect URI at the server.`
    case 'temporarily_unavailable':
    case 'server_error':
      return 'Try again later.'
    default:
      return 'Ask its operator, who can find the reason in the logs of the server.'
  }
}
