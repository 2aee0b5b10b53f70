import { packageBuild } from '../../tsdown.shared.ts'

export default packageBuild({
  index: 'src/index.ts',
  fetch: 'src/fetch.ts',
  'guarded-fetch': 'src/guarded-fetch.ts',
  headless: 'src/headless.ts',
  'refresh-worker': 'src/refresh-worker.ts',
  loopback: 'src/loopback.ts',
  'proxy-fetch': 'src/proxy-fetch.ts',
  opentelemetry: 'src/opentelemetry.ts',
  'sdk-v1': 'src/sdk-v1.ts',
  'sdk-v2': 'src/sdk-v2.ts',
  'stores/contract': 'src/stores/contract.ts',
  'stores/file': 'src/stores/file.ts',
  'stores/key-rotation': 'src/stores/key-rotation.ts',
  // Not for import: `stores/file` starts it, and finds it beside itself.
  'stores/keychain-program': 'src/stores/keychain-program.ts',
  'stores/memory': 'src/stores/memory.ts',
  'stores/postgres': 'src/stores/postgres.ts',
  'stores/redis': 'src/stores/redis.ts',
})
