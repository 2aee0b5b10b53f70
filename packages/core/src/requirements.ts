import { authorizationServerRequirements } from './requirements/authorization-server.ts'
import { clientAskingRequirements } from './requirements/client-asking.ts'
import { clientDiscoveryRequirements } from './requirements/client-discovery.ts'
import { clientRefreshingRequirements } from './requirements/client-refreshing.ts'
import { clientScopeRequirements } from './requirements/client-scope.ts'
import { resourceServerRequirements } from './requirements/resource-server.ts'
import type { Requirement } from './requirements/requirement.ts'

export type {
  Requirement,
  RequirementGroup,
  RequirementId,
  RequirementLevel,
  RequirementQuote,
} from './requirements/requirement.ts'

/** Every requirement, in the order of the documentation. */
export const requirements: readonly Requirement[] = [
  ...clientAskingRequirements,
  ...clientScopeRequirements,
  ...clientDiscoveryRequirements,
  ...clientRefreshingRequirements,
  ...resourceServerRequirements,
  ...authorizationServerRequirements,
]
