import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import { buildClientMetadata, isClientIdMetadataUrl } from '@evergrant/core/registration'
import type { PlaygroundInput } from './input'

/** The client, as the authorization server knows it. */
export interface ClientReading {
  readonly clientId: string
  readonly redirectUri: string
  readonly grantTypes: readonly string[]
  /** The body of the registration request; absent if the client does not register itself. */
  readonly registrationRequest: object | undefined
  /** Why the client cannot be known in this way. */
  readonly problem: string | undefined
}

/** What the field of the client ID shows until the reader types something else. */
export const exampleClientIds = {
  'metadata-document': 'https://app.example.com/client.json',
  'by-hand': 'client-1',
} as const

/** The client ID after another registration was chosen: an example is replaced, a typed one stays. */
export function clientIdFor(
  registration: PlaygroundInput['registration'],
  current: string,
): string {
  const isExample = Object.values<string>(exampleClientIds).includes(current)
  return registration === 'dynamic' || !isExample ? current : exampleClientIds[registration]
}

const redirectUri = 'http://127.0.0.1:8080/callback'
const registeredId = 'from-the-registration-response'

/** Reads what the reader says about the client. */
export function readClient(
  input: PlaygroundInput,
  server: AuthorizationServerMetadata | undefined,
): ClientReading {
  const metadata = buildClientMetadata(
    { name: 'Example client', redirectUris: [redirectUri] },
    { wantsRefreshToken: input.declaresRefreshGrant },
  )
  const { registration } = input
  return {
    clientId: registration === 'dynamic' ? registeredId : input.clientId.trim(),
    redirectUri,
    grantTypes: metadata.grant_types,
    registrationRequest: registration === 'by-hand' ? undefined : metadata,
    problem: server === undefined ? undefined : problemOf(input, server),
  }
}

function problemOf(
  { registration, clientId }: PlaygroundInput,
  server: AuthorizationServerMetadata,
): string | undefined {
  if (registration === 'dynamic') {
    return server.registration_endpoint === undefined
      ? 'The client cannot register itself: the metadata has no registration_endpoint. Register it by hand.'
      : undefined
  }
  if (registration === 'by-hand') {
    return clientId.trim() === ''
      ? 'The client ID is empty. Enter the one of the registration.'
      : undefined
  }
  if (server.client_id_metadata_document_supported !== true) {
    return 'The client ID cannot be the URL of a metadata document: client_id_metadata_document_supported of the metadata is not true. Register the client in another way.'
  }
  return isClientIdMetadataUrl(clientId.trim())
    ? undefined
    : 'The client ID is not the URL of a metadata document (expected https with a path). Correct it.'
}
