import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLocalRedirectUri } from '@evergrant/authorization-server'
import { errors } from 'oidc-provider'
import type { Client, Interaction, Provider } from 'oidc-provider'
import { clientName, redirectTarget } from '../clients/client-view.ts'
import type { ClientView } from './views.ts'

/** The authorization request that a sign-in or consent page belongs to. */
export interface AuthorizationInteraction {
  readonly interaction: Interaction
  readonly client: Client
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  /** Absent with a device code: the client gets the tokens itself. */
  readonly redirectUri: string | undefined
  readonly responseType: string
  readonly path: string
}

/** The interaction of this browser. `undefined` when it has ended, or when the URL is of another. */
export async function interactionOf(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<AuthorizationInteraction | undefined> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  let interaction
  try {
    interaction = await provider.interactionDetails(request, response)
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined
    throw error
  }
  const client = await provider.Client.find(stringParam(interaction, 'client_id') ?? '')
  // The cookie decides. A page that was opened under another ID must not act on this interaction.
  if (client === undefined || path !== `/interaction/${interaction.uid}`) return undefined
  const resource: unknown = interaction.params['resource']
  return {
    interaction,
    client,
    path,
    scopes: (stringParam(interaction, 'scope') ?? '').split(' ').filter(Boolean),
    resources: [resource ?? []].flat().filter((one) => typeof one === 'string'),
    redirectUri: stringParam(interaction, 'redirect_uri'),
    responseType: stringParam(interaction, 'response_type') ?? 'code',
  }
}

function stringParam(interaction: Interaction, name: string): string | undefined {
  const value: unknown = interaction.params[name]
  return typeof value === 'string' ? value : undefined
}

/** The client of an interaction, for a page. */
export function clientViewOf({ client, redirectUri }: AuthorizationInteraction): ClientView {
  const fromDocument = client['clientIdMetadataDocument'] === true
  return {
    name: clientName(client.clientName, client.clientId),
    verifiedHost: fromDocument ? URL.parse(client.clientId)?.host : undefined,
    redirectTarget: redirectUri === undefined ? undefined : redirectTarget(redirectUri),
    isLocal: redirectUri !== undefined && isLocalRedirectUri(redirectUri),
  }
}
