import type { IncomingMessage } from 'node:http'
import { authenticate } from '../accounts/accounts.ts'
import type { Account } from '../store/store.ts'
import type { PageDependencies } from './page-dependencies.ts'

/** What a submitted sign-in form leads to: an account, or the form again with a message. */
export type SignInOutcome =
  | { readonly account: Account }
  | { readonly account: undefined; readonly username: string; readonly problem: string }

/**
 * Checks the user name and password of a form, within the rate limits.
 *
 * @param client - For the log.
 */
export async function attemptSignIn(
  { limits, log, store }: Pick<PageDependencies, 'limits' | 'log' | 'store'>,
  request: IncomingMessage,
  form: URLSearchParams,
  client?: string,
): Promise<SignInOutcome> {
  const username = form.get('username') ?? ''
  const shown = username.slice(0, 100)
  const attempt = await limits.signIn(request, username)
  if (attempt.blocked) {
    log({ level: 'warn', event: 'sign_in.limited', client })
    return { account: undefined, username: shown, problem: attempt.message }
  }
  const account = await authenticate(store.accounts, username, form.get('password') ?? '')
  if (account === undefined) {
    log({ level: 'warn', event: 'sign_in.failed', client })
    const problem = 'This user name and password do not match. Check both and try again.'
    return { account, username: shown, problem }
  }
  await attempt.succeeded()
  log({ level: 'info', event: 'sign_in.succeeded', account: account.id })
  return { account }
}
