import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider, Session } from 'oidc-provider'
import { authenticate } from '../accounts/accounts.ts'
import { clientName, redirectTarget } from '../clients/client-view.ts'
import { readForm, sendPageTo } from '../http/responses.ts'
import type { InteractionDependencies } from './interactions.ts'
import { describeScope, grantsPage, messagePage, signInPage } from './pages.ts'
import type { GrantView } from './pages.ts'
import { formToken, isFormToken } from '../keys/secrets.ts'
import type { Account, LastingGrant } from '../store/store.ts'

const action = '/account'
const sessionSeconds = 14 * 86_400

/** Serves the page on which a person sees which applications stay signed in, and ends them. */
export function createAccountHandler(
  dependencies: InteractionDependencies,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { issuer, provider, binding, settings, secrets, store, limits, log } = dependencies

  async function viewOf(grant: LastingGrant): Promise<GrantView> {
    // A metadata document may be gone by now; its URL is still the client's name.
    const client = await provider.Client.find(grant.clientId).catch(() => undefined)
    const consented = await provider.Grant.find(grant.grantId)
    return {
      grantId: grant.grantId,
      clientName: clientName(client?.clientName, grant.clientId),
      redirectTarget:
        grant.redirectUri === undefined ? undefined : redirectTarget(grant.redirectUri),
      permissions: grant.scope
        .split(' ')
        .filter((scope) => scope !== '' && scope !== 'offline_access')
        .map((scope) => describeScope(scope, settings.scopeDescriptions)),
      resources: Object.keys(consented?.resources ?? {}),
      lastUsed: new Date(grant.lastUsedAtEpochSeconds * 1000),
      expires: new Date(grant.expiresAtEpochSeconds * 1000),
    }
  }

  async function lastingGrants(account: Account): Promise<readonly LastingGrant[]> {
    return await store.listLastingGrants(account.id, Math.floor(Date.now() / 1000))
  }

  async function showGrants(response: ServerResponse, account: Account, ended: boolean) {
    const grants = await lastingGrants(account)
    const page = grantsPage({
      action,
      csrf: formToken(secrets.formKey, `account ${account.id}`),
      username: account.username,
      ended,
      grants: await Promise.all(grants.map(async (grant) => await viewOf(grant))),
    })
    sendPageTo(response, 200, page)
  }

  function showSignIn(response: ServerResponse, username = '', problem?: string): void {
    const page = signInPage({
      action,
      csrf: formToken(secrets.formKey, 'account'),
      formTargets: 'self',
      client: undefined,
      username,
      problem,
    })
    sendPageTo(response, problem === undefined ? 200 : 422, page)
  }

  async function signIn(
    request: IncomingMessage,
    response: ServerResponse,
    form: URLSearchParams,
  ): Promise<void> {
    const username = form.get('username') ?? ''
    const attempt = limits.signIn(request, username)
    if (attempt.blocked) {
      log({ level: 'warn', event: 'sign_in.limited' })
      showSignIn(response, username.slice(0, 100), attempt.message)
      return
    }
    const account = await authenticate(store.accounts, username, form.get('password') ?? '')
    if (account === undefined) {
      log({ level: 'warn', event: 'sign_in.failed' })
      showSignIn(
        response,
        username.slice(0, 100),
        'This user name and password do not match. Check both and try again.',
      )
      return
    }
    attempt.succeeded()
    log({ level: 'info', event: 'sign_in.succeeded', account: account.id })
    await startSession(provider, request, response, account.id)
    response.writeHead(303, { location: action }).end()
  }

  async function end(response: ServerResponse, account: Account, grantId: string): Promise<void> {
    const grants = await lastingGrants(account)
    const own = grants.some((grant) => grant.grantId === grantId)
    if (own) {
      await binding.endGrant(grantId)
      log({ level: 'info', event: 'grant.ended_by_user', grant: grantId, account: account.id })
    }
    await showGrants(response, account, own)
  }

  return async (request, response) => {
    const session = await sessionOf(provider, request, response)
    const account =
      session.accountId === undefined ? undefined : await store.accounts.findById(session.accountId)
    if (request.method === 'GET') {
      await (account === undefined ? showSignIn(response) : showGrants(response, account, false))
      return
    }
    const form = await readForm(request)
    const { origin } = request.headers
    const subject = account === undefined ? 'account' : `account ${account.id}`
    const isOurs =
      form !== undefined &&
      isFormToken(secrets.formKey, subject, form.get('csrf') ?? '') &&
      // The sign-in form is the same for everybody, so its token alone proves little.
      (origin === issuer || (origin === undefined && account !== undefined))
    if (!isOurs) {
      sendPageTo(
        response,
        403,
        messagePage('This form was not accepted', 'Open the page again and retry from there.'),
      )
    } else if (account === undefined) {
      await signIn(request, response, form)
    } else {
      await end(response, account, form.get('grant') ?? '')
    }
  }
}

async function sessionOf(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Session> {
  return await provider.Session.get(provider.createContext(request, response))
}

/** The engine's own session, so that signing in here is signing in for applications as well. */
async function startSession(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  accountId: string,
): Promise<void> {
  const context = provider.createContext(request, response)
  const session = await provider.Session.get(context)
  // A new identifier: one that was there before the sign-in may be known to someone else.
  session.resetIdentifier()
  session.loginAccount({ accountId, amr: ['pwd'] })
  await session.save(sessionSeconds)
  context.cookies.set(provider.cookieName('session'), session.jti, {
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    maxAge: sessionSeconds * 1000,
  })
}
