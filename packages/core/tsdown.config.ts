import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild(
  {
    index: 'src/index.ts',
    authorization: 'src/authorization.ts',
    metadata: 'src/metadata.ts',
    network: 'src/network.ts',
    providers: 'src/providers.ts',
    registration: 'src/registration.ts',
    requirements: 'src/requirements.ts',
  },
  { platform: 'neutral' },
)
