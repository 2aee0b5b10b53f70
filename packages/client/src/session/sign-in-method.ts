/**
 * A sign-in that the running process completes, such as a command line or a desktop program.
 *
 * It has two steps, because a server that knows the user may redirect at once. The process must
 * listen before the browser opens, otherwise it misses the response.
 */
export interface InteractiveSignIn {
  readonly kind: 'interactive'
  /**
   * Prepares to receive the authorization response.
   *
   * @param preferredRedirectUri - The redirect URI of the stored client registration. Servers that
   *   compare redirect URIs exactly accept no other.
   */
  prepare(preferredRedirectUri?: string): Promise<PreparedSignIn>
}

/** A sign-in that is ready to receive its response. */
export interface PreparedSignIn {
  readonly redirectUri: string
  /**
   * Opens the authorization page, and resolves with the URL that the server redirected to. Rejects
   * when the signal aborts.
   */
  authorize(authorizationUrl: string, signal?: AbortSignal): Promise<string>
  /** Stops listening. Safe to call twice. */
  close(): Promise<void>
}

/**
 * A sign-in of a web application or gateway. A call that needs a sign-in fails with
 * `SIGN_IN_REQUIRED` and the authorization URL. A later request, on any machine over the same store,
 * passes the URL that the server redirected to.
 */
export interface RedirectSignIn {
  readonly kind: 'redirect'
  /** Where the host receives authorization responses. */
  readonly redirectUri: string
}

/** No sign-in is possible: calls that need one fail with `SIGN_IN_REQUIRED`. */
export interface NoSignIn {
  readonly kind: 'none'
}

/** How the user signs in. */
export type SignIn = InteractiveSignIn | RedirectSignIn | NoSignIn
