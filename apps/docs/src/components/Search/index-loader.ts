/** The part of Pagefind's browser interface that the search uses. */
export interface SearchIndex {
  init(): Promise<void>
  /** @returns `null` if another search started within the time. */
  debouncedSearch(term: string, options?: object, milliseconds?: number): Promise<Found | null>
}

interface Found {
  readonly results: readonly { data(): Promise<FoundPage> }[]
}

/** A page that contains the search term. */
export interface FoundPage {
  readonly url: string
  /** HTML, with `<mark>` around the search term. */
  readonly excerpt: string
  readonly meta: { readonly title?: string; readonly section?: string }
  readonly sub_results: readonly {
    readonly title: string
    readonly url: string
    readonly excerpt: string
  }[]
}

let loading: Promise<SearchIndex> | undefined

/** Loads the search index, which exists only in a built site. */
export function loadSearchIndex(baseUrl: string): Promise<SearchIndex> {
  loading ??= load(`${baseUrl}pagefind/pagefind.js`)
  return loading
}

async function load(url: string): Promise<SearchIndex> {
  try {
    // The bundler must not look for it: it is made after the build.
    const index = (await import(/* webpackIgnore: true */ url)) as SearchIndex
    await index.init()
    return index
  } catch (error) {
    loading = undefined
    throw error
  }
}
