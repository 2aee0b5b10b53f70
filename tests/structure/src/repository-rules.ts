import type { FolderRules } from './import-rules.ts'

/** Import rules of every package whose `src` has folders. Listed from the bottom to the top. */
export const folderRules: Readonly<Record<string, FolderRules>> = {
  'packages/core': {
    lib: [],
    requirements: [],
    network: ['lib'],
    scope: ['lib'],
    provider: ['lib'],
    metadata: ['lib', 'network', 'requirements', 'scope'],
    challenge: ['lib', 'network', 'scope'],
    token: ['lib', 'scope'],
    registration: ['lib', 'metadata', 'network', 'scope', 'token'],
    authorization: ['lib', 'metadata', 'network', 'provider', 'registration', 'scope', 'token'],
    negotiation: [
      'authorization',
      'lib',
      'metadata',
      'provider',
      'registration',
      'requirements',
      'scope',
    ],
  },
  'packages/client': {
    lib: [],
    stores: ['lib'],
    grant: ['lib', 'stores'],
    protocol: ['grant', 'lib'],
    session: ['grant', 'lib', 'protocol', 'stores'],
    'refresh-worker': ['grant', 'lib', 'protocol', 'session', 'stores'],
    fetch: ['grant', 'lib', 'protocol', 'session'],
    loopback: ['lib'],
    headless: ['lib'],
    'guarded-fetch': ['protocol'],
  },
  'packages/resource-server': {
    lib: [],
    scope: ['lib'],
    token: ['lib'],
    introspection: ['lib', 'token'],
    dpop: ['lib'],
    metadata: ['dpop', 'lib', 'scope'],
    access: ['dpop', 'introspection', 'lib', 'metadata', 'scope', 'token'],
    node: ['lib'],
    sdk: ['access', 'lib', 'token'],
  },
  'packages/authorization-server': {
    lib: [],
    issuance: ['lib'],
    rotation: ['lib'],
    'guarded-fetch': ['lib'],
    'client-documents': ['guarded-fetch', 'lib'],
    'oidc-provider': ['client-documents', 'issuance', 'lib', 'rotation'],
  },
  'packages/doctor': {
    lib: [],
    observations: ['lib'],
    probe: ['lib', 'observations'],
    evidence: ['lib', 'observations'],
    rules: ['evidence', 'lib', 'observations'],
    report: ['evidence', 'lib', 'observations', 'rules'],
    checks: ['evidence', 'lib', 'observations', 'probe', 'report', 'rules'],
  },
}

/** The packages of this repository that each published package may import. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/client': ['@evergrant/core'],
  'packages/resource-server': ['@evergrant/core'],
  'packages/authorization-server': ['@evergrant/core'],
  'packages/doctor': ['@evergrant/client', '@evergrant/core'],
  'packages/test-kit': ['@evergrant/core'],
  'apps/reference-as': ['@evergrant/authorization-server', '@evergrant/core'],
  'apps/reference-client': ['@evergrant/client', '@evergrant/core', '@evergrant/doctor'],
  'apps/reference-mcp-server': ['@evergrant/core', '@evergrant/resource-server'],
}
