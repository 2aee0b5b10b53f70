import { isLoopbackUrl } from '../http/addresses.ts'

/** Which MCP servers tokens may be issued for. */
export interface ResourceRegistry {
  /** The audience of tokens for `resource`, or `undefined` when it is not registered. */
  audienceOf(resource: string): string | undefined
  /** The resource of a request without `resource`. `undefined` when that would be a guess. */
  readonly defaultResource: string | undefined
}

/**
 * Resources from a list. Spellings that parse to the same URL are the same resource. The audience is
 * the listed spelling, because the resource server compares with that.
 */
export function listedResources(resources: readonly string[]): ResourceRegistry {
  const byHref = new Map(resources.map((resource) => [new URL(resource).href, resource]))
  return {
    audienceOf: (resource) => byHref.get(URL.parse(resource)?.href ?? ''),
    defaultResource: resources.length === 1 ? resources[0] : undefined,
  }
}

/** The listed resources and any resource on this machine, for demos with unknown ports. */
export function loopbackResources(resources: readonly string[]): ResourceRegistry {
  const listed = listedResources(resources)
  return {
    audienceOf: (resource) =>
      listed.audienceOf(resource) ?? (isLoopbackUrl(resource) ? resource : undefined),
    defaultResource: listed.defaultResource,
  }
}
