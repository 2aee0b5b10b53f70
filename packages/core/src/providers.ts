export { standardProfile } from './provider/provider-profile.ts'
export type { ProviderProfile } from './provider/provider-profile.ts'
export {
  applyProviderProfile,
  providerProfiles,
  selectProviderProfile,
} from './provider/select-profile.ts'
export type {
  ApplyProviderProfileOptions,
  ProfileParameters,
  SelectProviderProfileOptions,
} from './provider/select-profile.ts'
