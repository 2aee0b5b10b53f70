import { isLoopbackUrl } from './http/addresses.ts'

/** Which MCP servers tokens may be issued for. */
export interface ResourceRegistry {
  /** The audience of tokens for `resource`, or `undefined` when it is not registered. */
  audienceOf(resource: string): string | undefined
  /** What a request without `resource` means; `undefined` where that would be a guess. */
  readonly defaultResource: string | undefined
}

/**
 * Resources by list. Spellings that parse to the same URL are the same resource, and the audience
 * is the registered spelling: it is what the resource server compares with.
 */
export function listedResources(resources: readonly string[]): ResourceRegistry {
  const byHref = new Map(resources.map((resource) => [new URL(resource).href, resource]))
  return {
    audienceOf: (resource) => byHref.get(URL.parse(resource)?.href ?? ''),
    defaultResource: resources.length === 1 ? resources[0] : undefined,
  }
}

/** Any resource on this machine besides those listed, for demos: ports are not known beforehand. */
export function loopbackResources(resources: readonly string[]): ResourceRegistry {
  const listed = listedResources(resources)
  return {
    audienceOf: (resource) =>
      listed.audienceOf(resource) ?? (isLoopbackUrl(resource) ? resource : undefined),
    defaultResource: listed.defaultResource,
  }
}
