import { EvergrantClientError } from './errors.ts'

/**
 * Loads a part of this package at its first use (ADR 28). Bundlers put such parts into files of their
 * own, so a browser transfers them only if they are used. All callers get the same part. A load that
 * failed is repeated at the next use.
 *
 * Nothing that a refresh needs may be loaded this way: a refresh must not depend on one more file.
 *
 * @param does - What the part does, for the message, such as `signs in`.
 * @returns A function that throws EvergrantClientError `TEMPORARILY_UNAVAILABLE` if the part cannot be
 *   loaded.
 */
export function loadOnce<Part>(does: string, load: () => Promise<Part>): () => Promise<Part> {
  let loading: Promise<Part> | undefined
  return () => {
    loading ??= load().catch((cause: unknown) => {
      loading = undefined
      throw new EvergrantClientError(
        'TEMPORARILY_UNAVAILABLE',
        `The part of @evergrant/client that ${does} could not be loaded. In a browser, check the network and reload the page. Elsewhere, check that the files of the package are complete and restart the program.`,
        { cause },
      )
    })
    return loading
  }
}
