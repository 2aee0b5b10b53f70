/** A resource server for the access tokens of a product. */
// #region guard
import { createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer, ResourceServerOptions } from '@evergrant/resource-server'

/** How the access tokens of some products differ from RFC 9068. */
const deviations: Readonly<Record<string, ResourceServerOptions>> = {
  okta: { tokenTypes: ['absent'] },
  // Tokens of version 2.0. The audience is the application ID of the API.
  'entra-id': {
    tokenTypes: ['jwt'],
    additionalAudiences: ['00000000-0000-0000-0000-000000000000'],
  },
  cognito: { tokenTypes: ['absent'] },
}

export function createGuard(resource: string, issuer: string, product: string): ResourceServer {
  return createResourceServer(resource, [issuer], { ...deviations[product] })
}
// #endregion guard
