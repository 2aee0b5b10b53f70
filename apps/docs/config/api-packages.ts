/** The published packages with the entry points that the API reference describes. */
export const apiPackages: readonly {
  readonly name: string
  readonly entries: readonly string[]
}[] = [
  { name: 'core', entries: ['index'] },
  {
    name: 'client',
    entries: [
      'index',
      'fetch',
      'guarded-fetch',
      'proxy-fetch',
      'headless',
      'loopback',
      'opentelemetry',
      'refresh-worker',
      'sdk-v1',
      'sdk-v2',
      'stores/contract',
      'stores/file',
      'stores/key-rotation',
      'stores/memory',
      'stores/postgres',
      'stores/redis',
    ],
  },
  { name: 'resource-server', entries: ['index', 'fetch', 'express', 'node', 'sdk-v1', 'sdk-v2'] },
  {
    name: 'authorization-server',
    entries: ['index', 'oidc-provider', 'client-documents', 'guarded-fetch'],
  },
  { name: 'doctor', entries: ['index', 'certificate'] },
]
