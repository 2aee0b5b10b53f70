import type { CliEnvironment } from '../lib/environment.ts'

/** What reading a pasted URL uses of the program. */
export type PasteContext = Pick<CliEnvironment, 'readLine' | 'stderr'>

/**
 * Waits until the user pastes the URL that the authorization server redirected to. This is how a
 * browser on another machine, or a redirect URI that this program cannot receive, completes a
 * sign-in.
 *
 * @returns `undefined` if there is no terminal, or no more input.
 */
export async function pastedCallback(
  authorizationUrl: string,
  redirectUri: string,
  { readLine, stderr }: PasteContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const state = new URL(authorizationUrl).searchParams.get('state')
  for (;;) {
    const line = await readLine?.(signal)
    if (line === undefined) return undefined
    const pasted = line.trim()
    if (pasted === '') continue
    const problem = problemOf(pasted, redirectUri, state)
    if (problem === undefined) return pasted
    stderr(`${problem}\nPaste the URL again: `)
  }
}

function problemOf(pasted: string, redirectUri: string, state: string | null): string | undefined {
  const url = URL.canParse(pasted) ? new URL(pasted) : undefined
  const expected = new URL(redirectUri)
  if (
    url === undefined ||
    url.protocol !== expected.protocol ||
    url.host !== expected.host ||
    url.pathname !== expected.pathname
  ) {
    return `This is not the URL of the callback: it must start with ${redirectUri}, as in the address bar of the browser after you approve.`
  }
  if (url.searchParams.get('state') !== state) {
    return 'This URL belongs to another sign-in. Open the sign-in URL above, and paste the URL that it leads to.'
  }
  return undefined
}
