import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLocalRedirectUri } from '@evergrant/authorization-server'
import type { RefreshTokenBinding } from '@evergrant/authorization-server/oidc-provider'
import { errors } from 'oidc-provider'
import type { Client, Interaction, Provider } from 'oidc-provider'
import { authenticate } from '../accounts/accounts.ts'
import { clientName, redirectTarget } from '../clients/client-view.ts'
import { readForm, sendPageTo } from '../http/responses.ts'
import { clip } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServerSettings } from '../settings/options.ts'
import { consentPage, describeScope, messagePage, signInPage } from './pages.ts'
import type { ClientView } from './pages.ts'
import { addRequested } from '../provider.ts'
import type { RateLimits } from '../http/rate-limit.ts'
import type { RedirectTrust } from '../clients/redirect-trust.ts'
import { formToken, isFormToken } from '../keys/secrets.ts'
import type { ServerSecrets } from '../keys/secrets.ts'
import type { Store } from '../store/store.ts'

export interface InteractionDependencies {
  readonly issuer: string
  readonly provider: Provider
  readonly binding: RefreshTokenBinding
  readonly redirectTrust: RedirectTrust
  readonly settings: ServerSettings
  readonly secrets: ServerSecrets
  readonly store: Store
  readonly limits: RateLimits
  readonly log: Log
}

/** Serves the sign-in and consent pages. */
export type InteractionHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

/** What both pages need to know about the authorization request they are part of. */
interface Visit {
  readonly interaction: Interaction
  readonly client: Client
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly redirectUri: string
  readonly path: string
}

export function createInteractionHandler(
  dependencies: InteractionDependencies,
): InteractionHandler {
  const { issuer, provider, binding, redirectTrust, settings, secrets, store, limits, log } =
    dependencies

  function formOf({ interaction, path }: Visit) {
    return {
      action: path,
      csrf: formToken(secrets.formKey, interaction.uid),
      formTargets: 'anywhere' as const,
    }
  }

  async function showSignIn(
    response: ServerResponse,
    visit: Visit,
    username = '',
    problem?: string,
  ): Promise<void> {
    const page = signInPage({
      ...formOf(visit),
      client: viewOf(visit),
      username,
      problem,
    })
    sendPageTo(response, problem === undefined ? 200 : 422, page)
  }

  async function showConsent(response: ServerResponse, visit: Visit): Promise<void> {
    const { interaction, client, scopes, resources, redirectUri } = visit
    const accountId = interaction.session?.accountId ?? ''
    const decision = await binding.decide({
      client,
      accountId,
      redirectUri,
      responseType: stringParam(interaction, 'response_type') ?? 'code',
      requestedScopes: scopes,
      // The page says what happens if the answer is yes.
      consentedScopes: scopes,
    })
    const seconds = Math.min(
      binding.lifetimes.absoluteSeconds,
      decision.maximumLifetimeSeconds ?? Number.POSITIVE_INFINITY,
    )
    const account = await store.accounts.findById(accountId)
    const shown = scopes.filter(
      (scope) => scope === 'openid' || (resources.length > 0 && isResourceScope(scope)),
    )
    const page = consentPage({
      ...formOf(visit),
      client: viewOf(visit),
      username: account?.username ?? '',
      resources,
      accountUrl: `${issuer}/account`,
      permissions: shown.map((scope) => describeScope(scope, settings.scopeDescriptions)),
      lastingSeconds: decision.issue ? seconds : undefined,
    })
    sendPageTo(response, 200, page)
  }

  const isResourceScope = (scope: string) => settings.resourceScopes.includes(scope)

  async function signIn(
    request: IncomingMessage,
    response: ServerResponse,
    visit: Visit,
    form: URLSearchParams,
  ): Promise<void> {
    if (form.get('decision') === 'cancel') {
      await finishDenied(request, response, 'The user cancelled the sign-in.')
      return
    }
    const username = form.get('username') ?? ''
    const attempt = limits.signIn(request, username)
    if (attempt.blocked) {
      log({ level: 'warn', event: 'sign_in.limited', client: clip(visit.client.clientId) })
      await showSignIn(response, visit, username.slice(0, 100), attempt.message)
      return
    }
    const account = await authenticate(store.accounts, username, form.get('password') ?? '')
    if (account === undefined) {
      log({ level: 'warn', event: 'sign_in.failed', client: clip(visit.client.clientId) })
      await showSignIn(
        response,
        visit,
        username.slice(0, 100),
        'This user name and password do not match. Check both and try again.',
      )
      return
    }
    attempt.succeeded()
    log({ level: 'info', event: 'sign_in.succeeded', account: account.id })
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: account.id, amr: ['pwd'] } },
      { mergeWithLastSubmission: false },
    )
  }

  async function consent(
    request: IncomingMessage,
    response: ServerResponse,
    visit: Visit,
    form: URLSearchParams,
  ): Promise<void> {
    if (form.get('decision') !== 'allow') {
      await finishDenied(request, response, 'The user denied the request.')
      return
    }
    const accountId = visit.interaction.session?.accountId
    const grant = new provider.Grant({ accountId, clientId: visit.client.clientId })
    addRequested(grant, visit.scopes, visit.resources, settings.resourceScopes)
    const grantId = await grant.save()
    await redirectTrust.note(visit.client.clientId, visit.redirectUri)
    log({ level: 'info', event: 'consent.given', client: clip(visit.client.clientId) })
    await provider.interactionFinished(request, response, { consent: { grantId } })
  }

  async function finishDenied(request: IncomingMessage, response: ServerResponse, why: string) {
    await provider.interactionFinished(
      request,
      response,
      { error: 'access_denied', error_description: why },
      { mergeWithLastSubmission: false },
    )
  }

  return async (request, response) => {
    const visit = await visitOf(provider, request, response)
    if (visit === undefined) {
      const page = messagePage(
        'This sign-in has ended',
        'It was finished already, took too long, or was started in another browser. Go back to ' +
          'the application and start again.',
      )
      sendPageTo(response, 400, page)
      return
    }
    const isConsent = visit.interaction.prompt.name === 'consent'
    if (request.method === 'GET') {
      await (isConsent ? showConsent(response, visit) : showSignIn(response, visit))
      return
    }
    const form = await readForm(request)
    const origin = request.headers.origin
    const isOurs = isFormToken(secrets.formKey, visit.interaction.uid, form?.get('csrf') ?? '')
    if (form === undefined || !isOurs || (origin !== undefined && origin !== issuer)) {
      const page = messagePage(
        'This form was not accepted',
        'It did not come from the page this server sent. Go back to the application and start again.',
      )
      sendPageTo(response, 403, page)
      return
    }
    await (isConsent ? consent : signIn)(request, response, visit, form)
  }
}

async function visitOf(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Visit | undefined> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  let interaction
  try {
    interaction = await provider.interactionDetails(request, response)
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined
    throw error
  }
  const client = await provider.Client.find(stringParam(interaction, 'client_id') ?? '')
  // The cookie decides; a page opened under another id must not act on this one.
  if (client === undefined || path !== `/interaction/${interaction.uid}`) return undefined
  const resource: unknown = interaction.params['resource']
  return {
    interaction,
    client,
    path,
    scopes: (stringParam(interaction, 'scope') ?? '').split(' ').filter(Boolean),
    resources: [resource ?? []].flat().filter((one) => typeof one === 'string'),
    redirectUri: stringParam(interaction, 'redirect_uri') ?? '',
  }
}

function stringParam(interaction: Interaction, name: string): string | undefined {
  const value: unknown = interaction.params[name]
  return typeof value === 'string' ? value : undefined
}

function viewOf({ client, redirectUri }: Visit): ClientView {
  const fromDocument = client['clientIdMetadataDocument'] === true
  return {
    name: clientName(client.clientName, client.clientId),
    verifiedHost: fromDocument ? URL.parse(client.clientId)?.host : undefined,
    redirectTarget: redirectTarget(redirectUri),
    isLocal: isLocalRedirectUri(redirectUri),
  }
}
