export { requirements } from './requirements.ts'
export type {
  Requirement,
  RequirementGroup,
  RequirementId,
  RequirementLevel,
} from './requirements.ts'
