/**
 * Whether an OAuth error says that the authorization server does not know the client, or no longer
 * accepts it. Besides the codes of RFC 6749, servers say it in words: with `invalid_request` ("Client
 * ID 'x' not found"), with a product-specific code (`oauth_client_not_found`), or in plain text.
 *
 * @param error - The `error` of the server, if it sent one.
 * @param words - What the server says in addition: `error_description`, or the text of a page.
 * @see RFC 6749 §4.1.2.1 and §5.2 (`invalid_client`, `unauthorized_client`)
 * @see https://github.com/modelcontextprotocol/python-sdk/blob/main/src/mcp/server/auth/handlers/authorize.py
 *   (`invalid_request`, "Client ID '…' not found")
 */
export function saysClientIsUnknown(error: string | undefined, words?: string): boolean {
  if (error === 'invalid_client' || error === 'unauthorized_client') return true
  if (error !== undefined && otherMeanings.has(error)) return false
  return namesUnknownClient(error) || namesUnknownClient(words)
}

/** Codes with another meaning. Their descriptions can mention the client, too. */
const otherMeanings: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'unsupported_grant_type',
  'unsupported_response_type',
  'unsupported_token_type',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'server_error',
  'temporarily_unavailable',
  'slow_down',
])

const client = String.raw`(?:oauth )?(?:client|application|app)(?: ?id| identifier)?`
const unknown = String.raw`(?:not found|not (?:be )?(?:found|registered|known|recogni[sz]ed|valid)|unknown|unregistered|(?:does not|doesn t|no longer) exists?|invalid|unrecogni[sz]ed|no such|deleted|disabled|inactive)`

const patterns: readonly RegExp[] = [
  // "unknown client", "invalid client_id", "no such OAuth client"
  new RegExp(String.raw`\b${unknown} (?:value for |parameter )?${client}\b`),
  // "Client ID 'x' not found", "Application with identifier x was not found in the directory"
  new RegExp(String.raw`\b${client}\b[^.!?]{0,100}?\b${unknown}\b`),
  // "OAuth 2.0 Parameter: client_id"
  /\bparameter:? client id\b/,
]

function namesUnknownClient(text: string | undefined): boolean {
  if (text === undefined) return false
  // Codes and identifiers become words. A dot between letters does not end a sentence.
  const words = text
    .toLowerCase()
    .replaceAll(/(?<=\w)\.(?=\w)|[^\w.!?:]|_/g, ' ')
    .replaceAll(/ {2,}/g, ' ')
  return patterns.some((pattern) => pattern.test(words))
}
