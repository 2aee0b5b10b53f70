import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider, Session } from 'oidc-provider'
import { clientName, redirectTarget } from '../clients/client-view.ts'
import { readForm, sendPageTo } from '../http/responses.ts'
import { formToken, isFormToken } from '../keys/secrets.ts'
import { nowEpochSeconds } from '../lib/clock.ts'
import type { Account, ActiveGrant } from '../store/store.ts'
import { grantsPage } from './grants-page.ts'
import type { GrantView } from './grants-page.ts'
import { messagePage } from './message-pages.ts'
import type { PageDependencies, RequestHandler } from './page-dependencies.ts'
import { attemptSignIn } from './sign-in-attempt.ts'
import { signInPage } from './sign-in-page.ts'
import { describeScope } from './words.ts'

const action = '/account'
const sessionSeconds = 14 * 86_400

/** Serves the page on which the user sees which applications stay signed in, and ends that. */
export function createAccountHandler(dependencies: PageDependencies): RequestHandler {
  const { issuer, provider, secrets, store } = dependencies
  return async (request, response) => {
    const session = await sessionOf(provider, request, response)
    const account =
      session.accountId === undefined ? undefined : await store.accounts.findById(session.accountId)
    if (request.method === 'GET') {
      if (account === undefined) showSignIn(dependencies, response)
      else await showGrants(dependencies, response, account, false)
      return
    }
    const form = await readForm(request)
    const { origin } = request.headers
    const isOurs =
      form !== undefined &&
      isFormToken(secrets.formKey, formSubject(account), form.get('csrf') ?? '') &&
      // The sign-in form is the same for all users, so its token alone is not enough.
      (origin === issuer || (origin === undefined && account !== undefined))
    if (!isOurs) {
      const page = messagePage(
        'This form was not accepted',
        'Open the page again and retry from there.',
      )
      sendPageTo(response, 403, page)
    } else if (account === undefined) {
      await signIn(dependencies, request, response, form)
    } else {
      await endGrant(dependencies, response, account, form.get('grant') ?? '')
    }
  }
}

function formSubject(account: Account | undefined): string {
  return account === undefined ? 'account' : `account ${account.id}`
}

function showSignIn(
  { secrets }: PageDependencies,
  response: ServerResponse,
  { username, problem }: { readonly username: string; readonly problem?: string } = {
    username: '',
  },
): void {
  const page = signInPage({
    action,
    csrf: formToken(secrets.formKey, formSubject(undefined)),
    formTargets: 'self',
    client: undefined,
    username,
    problem,
  })
  sendPageTo(response, problem === undefined ? 200 : 422, page)
}

async function signIn(
  dependencies: PageDependencies,
  request: IncomingMessage,
  response: ServerResponse,
  form: URLSearchParams,
): Promise<void> {
  const outcome = await attemptSignIn(dependencies, request, form)
  if (outcome.account === undefined) {
    showSignIn(dependencies, response, outcome)
    return
  }
  await startSession(dependencies.provider, request, response, outcome.account.id)
  response.writeHead(303, { location: action }).end()
}

async function showGrants(
  dependencies: PageDependencies,
  response: ServerResponse,
  account: Account,
  ended: boolean,
): Promise<void> {
  const { secrets, store } = dependencies
  const grants = await store.listActiveGrants(account.id, nowEpochSeconds())
  const page = grantsPage({
    action,
    csrf: formToken(secrets.formKey, formSubject(account)),
    username: account.username,
    ended,
    grants: await Promise.all(grants.map(async (grant) => await grantView(dependencies, grant))),
  })
  sendPageTo(response, 200, page)
}

async function grantView(
  { provider, settings }: PageDependencies,
  grant: ActiveGrant,
): Promise<GrantView> {
  // The metadata document may no longer exist. Its URL is then the client's name.
  const client = await provider.Client.find(grant.clientId).catch(() => undefined)
  const consented = await provider.Grant.find(grant.grantId)
  return {
    grantId: grant.grantId,
    clientName: clientName(client?.clientName, grant.clientId),
    redirectTarget: grant.redirectUri === undefined ? undefined : redirectTarget(grant.redirectUri),
    permissions: grant.scope
      .split(' ')
      .filter((scope) => scope !== '' && scope !== 'offline_access')
      .map((scope) => describeScope(scope, settings.scopeDescriptions)),
    resources: Object.keys(consented?.resources ?? {}),
    lastUsed: new Date(grant.lastUsedAtEpochSeconds * 1000),
    expires: new Date(grant.expiresAtEpochSeconds * 1000),
  }
}

async function endGrant(
  dependencies: PageDependencies,
  response: ServerResponse,
  account: Account,
  grantId: string,
): Promise<void> {
  const { binding, log, store } = dependencies
  const grants = await store.listActiveGrants(account.id, nowEpochSeconds())
  const own = grants.some((grant) => grant.grantId === grantId)
  if (own) {
    await binding.endGrant(grantId)
    log({ level: 'info', event: 'grant.ended_by_user', grant: grantId, account: account.id })
  }
  await showGrants(dependencies, response, account, own)
}

async function sessionOf(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Session> {
  return await provider.Session.get(provider.createContext(request, response))
}

/** Starts a session of the engine, so that the user is signed in for applications too. */
async function startSession(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  accountId: string,
): Promise<void> {
  const context = provider.createContext(request, response)
  const session = await provider.Session.get(context)
  // A new identifier, because an attacker may know the one from before the sign-in.
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
