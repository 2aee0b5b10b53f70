import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild({
  index: 'src/index.ts',
  'oidc-provider': 'src/oidc-provider.ts',
})
