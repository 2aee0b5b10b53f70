import type { VerifiedAccessToken } from './verification.ts'

/**
 * What was computed from the scopes of a remembered token. It is on the token, because looking a token up in a
 * map costs more than the decision.
 */
export class ScopeMemory {
  /** Who computed the rest. Another one must not use it. */
  owner: object | undefined
  /** The granted scopes, with those that they imply. */
  granted: ReadonlySet<string> | undefined
  /** The last requirement that these scopes satisfied. */
  sufficientFor: object | undefined
}

const memory: unique symbol = Symbol('scope memory')

/** Gives a token a memory, before it is frozen. */
export function addScopeMemory(token: VerifiedAccessToken): void {
  // Not enumerable: a copy of the token has no memory.
  Object.defineProperty(token, memory, { value: new ScopeMemory() })
}

/** The memory of a token; `undefined` for one that is not remembered, which can change. */
export function scopeMemoryOf(
  token: VerifiedAccessToken & { readonly [memory]?: ScopeMemory },
): ScopeMemory | undefined {
  return token[memory]
}
