import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild({
  index: 'src/index.ts',
  'client-documents': 'src/client-documents.ts',
  'guarded-fetch': 'src/guarded-fetch.ts',
  'oidc-provider': 'src/oidc-provider.ts',
})
