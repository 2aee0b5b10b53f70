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

/** Where the user signs in with a device code, and until when. */
export interface DevicePrompt {
  /** The page, on any device with a browser. */
  readonly verificationUri: string
  /** The same page with the code filled in; absent if the server has none. */
  readonly verificationUriComplete?: string
  /** The code that the user enters, or compares with the page. */
  readonly userCode: string
  readonly expiresInSeconds: number
}

/**
 * A sign-in in a browser on any device, for a process without a browser (RFC 8628). It requires an
 * authorization server that declares the device grant.
 */
export interface DeviceSignIn {
  readonly kind: 'device'
  /** Shows the page and the code to the user. The sign-in waits for the server, not for this function. */
  show(prompt: DevicePrompt): void | Promise<void>
  /**
   * How the user signs in if the authorization server does not declare the device grant, or refuses it
   * before a page is shown. Default: the sign-in fails.
   */
  readonly otherwise?: InteractiveSignIn | undefined
}

/**
 * Unattended access of the client itself, without a user (RFC 6749 §4.4). It requires a client with a
 * secret in `client.preRegistered`. The server issues no refresh token: each new access token is
 * requested with the secret.
 */
export interface ClientCredentialsSignIn {
  readonly kind: 'client-credentials'
}

/** No sign-in is possible: calls that need one fail with `SIGN_IN_REQUIRED`. */
export interface NoSignIn {
  readonly kind: 'none'
}

/** How the user signs in. */
export type SignIn =
  | InteractiveSignIn
  | RedirectSignIn
  | DeviceSignIn
  | ClientCredentialsSignIn
  | NoSignIn
