import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild({
  index: 'src/index.ts',
  'guarded-fetch': 'src/guarded-fetch.ts',
  'oidc-provider': 'src/oidc-provider.ts',
  profiles: 'src/profiles.ts',
})
