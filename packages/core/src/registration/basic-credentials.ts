/** Encodes a value as browsers do in a form: `-`, `.`, `_` and `*` are not changed. */
export function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice('='.length)
}

/**
 * The credentials of HTTP Basic authentication, with form-encoded ID and secret (RFC 6749 §2.3.1). The
 * encoding is the one of browsers, which leaves `-`, `.`, `_` and `*` unchanged, because many servers never
 * decode. Servers that decode accept both forms.
 */
export function basicCredentials(clientId: string, clientSecret: string): string {
  return btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)
}
