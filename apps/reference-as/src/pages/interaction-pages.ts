import type { IncomingMessage, ServerResponse } from 'node:http'
import { readForm, sendPageTo } from '../http/responses.ts'
import { formToken, isFormToken } from '../keys/secrets.ts'
import { addRequested } from '../provider/requested-scope.ts'
import { clip } from '../telemetry/log.ts'
import { consentPage } from './consent-page.ts'
import { clientViewOf, interactionOf } from './interaction.ts'
import type { AuthorizationInteraction } from './interaction.ts'
import { messagePage } from './message-pages.ts'
import type { PageDependencies, RequestHandler } from './page-dependencies.ts'
import { attemptSignIn } from './sign-in-attempt.ts'
import { signInPage } from './sign-in-page.ts'
import type { FormView } from './views.ts'
import { describeScope } from './words.ts'

/** Serves the sign-in and consent pages. */
export function createInteractionHandler(dependencies: PageDependencies): RequestHandler {
  const { issuer, provider, secrets } = dependencies
  return async (request, response) => {
    const current = await interactionOf(provider, request, response)
    if (current === undefined) {
      const page = messagePage(
        'This sign-in has ended',
        'It was finished already, took too long, or was started in another browser. Go back to ' +
          'the application and start again.',
      )
      sendPageTo(response, 400, page)
      return
    }
    const isConsent = current.interaction.prompt.name === 'consent'
    if (request.method === 'GET') {
      if (isConsent) await showConsent(dependencies, response, current)
      else showSignIn(dependencies, response, current)
      return
    }
    const form = await readForm(request)
    const { origin } = request.headers
    const isOurs = isFormToken(secrets.formKey, current.interaction.uid, form?.get('csrf') ?? '')
    if (form === undefined || !isOurs || (origin !== undefined && origin !== issuer)) {
      const page = messagePage(
        'This form was not accepted',
        'It did not come from a page of this server. Go back to the application and start again.',
      )
      sendPageTo(response, 403, page)
      return
    }
    await (isConsent ? submitConsent : submitSignIn)(
      dependencies,
      { request, response, form },
      current,
    )
  }
}

interface Submission {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly form: URLSearchParams
}

function formOf(
  { secrets }: PageDependencies,
  { interaction, path }: AuthorizationInteraction,
): FormView {
  return {
    action: path,
    csrf: formToken(secrets.formKey, interaction.uid),
    formTargets: 'anywhere',
  }
}

function showSignIn(
  dependencies: PageDependencies,
  response: ServerResponse,
  current: AuthorizationInteraction,
  failed: { readonly username: string; readonly problem?: string } = { username: '' },
): void {
  const { username, problem } = failed
  const page = signInPage({
    ...formOf(dependencies, current),
    client: clientViewOf(current),
    username,
    problem,
  })
  sendPageTo(response, problem === undefined ? 200 : 422, page)
}

async function submitSignIn(
  dependencies: PageDependencies,
  { request, response, form }: Submission,
  current: AuthorizationInteraction,
): Promise<void> {
  const { provider } = dependencies
  if (form.get('decision') === 'cancel') {
    await finishDenied(dependencies, request, response, 'The user canceled the sign-in.')
    return
  }
  const client = clip(current.client.clientId)
  const outcome = await attemptSignIn(dependencies, request, form, client)
  if (outcome.account === undefined) {
    showSignIn(dependencies, response, current, outcome)
    return
  }
  await provider.interactionFinished(
    request,
    response,
    { login: { accountId: outcome.account.id, amr: ['pwd'] } },
    { mergeWithLastSubmission: false },
  )
}

async function showConsent(
  dependencies: PageDependencies,
  response: ServerResponse,
  current: AuthorizationInteraction,
): Promise<void> {
  const { binding, issuer, settings, store } = dependencies
  const { interaction, client, scopes, resources, redirectUri, responseType } = current
  const accountId = interaction.session?.accountId ?? ''
  const decision = await binding.decide({
    client,
    accountId,
    redirectUri,
    responseType,
    requestedScopes: scopes,
    // The page says what happens if the user allows it.
    consentedScopes: scopes,
  })
  const seconds = Math.min(
    binding.lifetimes.absoluteSeconds,
    decision.maximumLifetimeSeconds ?? Number.POSITIVE_INFINITY,
  )
  const account = await store.accounts.findById(accountId)
  const shown = scopes.filter(
    (scope) =>
      scope === 'openid' || (resources.length > 0 && settings.resourceScopes.includes(scope)),
  )
  const page = consentPage({
    ...formOf(dependencies, current),
    client: clientViewOf(current),
    username: account?.username ?? '',
    resources,
    accountUrl: `${issuer}/account`,
    permissions: shown.map((scope) => describeScope(scope, settings.scopeDescriptions)),
    refreshTokenSeconds: decision.issue ? seconds : undefined,
  })
  sendPageTo(response, 200, page)
}

async function submitConsent(
  dependencies: PageDependencies,
  { request, response, form }: Submission,
  { interaction, client, scopes, resources, redirectUri }: AuthorizationInteraction,
): Promise<void> {
  const { log, provider, redirectTrust, settings } = dependencies
  if (form.get('decision') !== 'allow') {
    await finishDenied(dependencies, request, response, 'The user denied the request.')
    return
  }
  const { clientId } = client
  const grant = new provider.Grant({ accountId: interaction.session?.accountId, clientId })
  addRequested(grant, scopes, resources, settings.resourceScopes)
  const grantId = await grant.save()
  if (redirectUri !== undefined) await redirectTrust.note(clientId, redirectUri)
  log({ level: 'info', event: 'consent.given', client: clip(clientId) })
  await provider.interactionFinished(request, response, { consent: { grantId } })
}

async function finishDenied(
  { provider }: PageDependencies,
  request: IncomingMessage,
  response: ServerResponse,
  why: string,
): Promise<void> {
  await provider.interactionFinished(
    request,
    response,
    { error: 'access_denied', error_description: why },
    { mergeWithLastSubmission: false },
  )
}
