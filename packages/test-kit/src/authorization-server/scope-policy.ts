import type { ScriptedAuthorizationServerOptions } from './scripted-server.ts'

/** Which scopes the server grants. */
export interface ScopePolicy {
  readonly supported: readonly string[]
  /** Returns the granted scope for the `scope` of an authorization request. */
  granted(requested: string | undefined): string
}

export function createScopePolicy({
  scopesSupported: supported = ['mcp:read', 'mcp:write', 'mcp:admin', 'offline_access'],
  defaultScope,
}: Pick<ScriptedAuthorizationServerOptions, 'scopesSupported' | 'defaultScope'>): ScopePolicy {
  return {
    supported,
    granted(requested) {
      if (requested === undefined) return defaultScope ?? supported[0] ?? ''
      return splitScope(requested)
        .filter((scope) => supported.includes(scope))
        .join(' ')
    },
  }
}

export function splitScope(scope: string): string[] {
  return scope.split(' ').filter((one) => one !== '')
}
