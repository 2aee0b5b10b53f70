export { behavioursOf, serverProfile, serverProfiles } from './profiles/catalogue.ts'
export type {
  Behaviour,
  BehaviourStatus,
  ServerBehaviours,
  ServerProfile,
} from './profiles/server-profile.ts'
