import type { Peer } from '../peers/peer.ts'
import { prepareDjangoOAuthToolkit } from './peers/django-oauth-toolkit.ts'
import { prepareKeycloak } from './peers/keycloak.ts'
import { prepareOryHydra } from './peers/ory-hydra.ts'
import { preparePythonServer } from './peers/python-server.ts'
import { prepareSpringAuthorizationServer } from './peers/spring-authorization-server.ts'

/** An authorization server in another language. */
export interface ForeignServer {
  /** The name of its product, with the version that its manifest pins. */
  readonly title: string
  /** Downloads and builds it. Returns how it is started. */
  readonly prepare: () => Promise<() => Promise<Peer>>
  /** Its download, build or start is slow, so it runs with `--slow` only. */
  readonly isSlow: boolean
}

/** The foreign authorization servers, by the name of their source folder. */
export const foreignServers: Readonly<Record<string, ForeignServer>> = {
  'django-oauth-toolkit': {
    title: 'django-oauth-toolkit 3.4.1',
    prepare: prepareDjangoOAuthToolkit,
    isSlow: false,
  },
  'python-server': {
    title: 'mcp 2.3.0 (Python server)',
    prepare: preparePythonServer,
    isSlow: false,
  },
  keycloak: {
    title: 'Keycloak 26.7.3',
    prepare: prepareKeycloak,
    isSlow: true,
  },
  'spring-authorization-server': {
    title: 'Spring Authorization Server 7.1.2',
    prepare: prepareSpringAuthorizationServer,
    isSlow: true,
  },
  'ory-hydra': {
    title: 'Ory Hydra 2.3.0',
    prepare: prepareOryHydra,
    isSlow: true,
  },
}
