/**
 * How a person signs in from within the running process: a CLI or a desktop program.
 *
 * Two steps, since a server that knows the person may redirect back at once: whoever opens the
 * browser before somebody listens loses the answer.
 */
export interface InteractiveSignIn {
  readonly kind: 'interactive'
  /**
   * Gets ready to receive the authorization response.
   *
   * @param preferredRedirectUri - What was used with this client registration before. Servers
   *   that compare redirect URIs to the letter want it again.
   */
  prepare(preferredRedirectUri?: string): Promise<PreparedSignIn>
}

/** A sign-in that is ready to receive its answer. */
export interface PreparedSignIn {
  readonly redirectUri: string
  /**
   * Shows the authorization page, and resolves with the URL that the server redirected to. Rejects
   * when the signal aborts.
   */
  authorize(authorizationUrl: string, signal?: AbortSignal): Promise<string>
  /** Stops listening. Safe to call twice. */
  close(): Promise<void>
}

/**
 * How a person signs in to a web application or gateway: a call that needs a sign-in fails with
 * `SIGN_IN_REQUIRED` and the authorization URL; a later request, on any machine over the same
 * store, hands in the URL that the server redirected to.
 */
export interface RedirectSignIn {
  readonly kind: 'redirect'
  /** Where the host receives authorization responses. */
  readonly redirectUri: string
}

/** Nobody can sign in here: calls that need it fail with `SIGN_IN_REQUIRED`. */
export interface NoSignIn {
  readonly kind: 'none'
}

/** How a person signs in. */
export type SignIn = InteractiveSignIn | RedirectSignIn | NoSignIn
