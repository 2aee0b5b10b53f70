import { authorizationRules } from './authorization.ts'
import { browserRules } from './browser.ts'
import { challengeRules } from './challenge.ts'
import { connectionRules } from './connection.ts'
import { invalidTokenRules } from './invalid-token.ts'
import { keyRules } from './keys.ts'
import { operationRules } from './operation.ts'
import { resourceDocumentRules } from './resource-document.ts'
import { resourceMetadataRules } from './resource-metadata.ts'
import type { Rule } from './rule.ts'
import { serverMetadataRules } from './server-metadata.ts'
import { signInRules } from './sign-in.ts'

/** Every rule that needs no sign-in. */
export const checkRules: readonly Rule[] = [
  ...connectionRules,
  ...challengeRules,
  ...invalidTokenRules,
  ...resourceMetadataRules,
  ...resourceDocumentRules,
  ...serverMetadataRules,
  ...keyRules,
  ...authorizationRules,
  ...browserRules,
  ...operationRules,
]

/** Every rule. Those about a sign-in apply only if one was measured. */
export const rules: readonly Rule[] = [...checkRules, ...signInRules]
