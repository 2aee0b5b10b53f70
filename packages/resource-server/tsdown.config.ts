import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild({
  index: 'src/index.ts',
  fetch: 'src/fetch.ts',
  express: 'src/express.ts',
  node: 'src/node.ts',
  'sdk-v1': 'src/sdk-v1.ts',
  'sdk-v2': 'src/sdk-v2.ts',
})
