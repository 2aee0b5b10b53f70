/** One kind of document that clients publish. */
export interface DocumentKind<Document> {
  /** For messages. */
  readonly name: string
  /** Whether the URL can hold such a document. Other URLs are never fetched. */
  readonly isUrl: (url: string) => boolean
  /** What {@link DocumentKind.isUrl} expects, as a sentence. */
  readonly urlRule: string
  readonly maximumBodyBytes: number
  /** What to do about a longer document, as a sentence. */
  readonly limitHint: string
  readonly isType: (contentType: string) => boolean
  /** Throws when the text is not a valid document. */
  readonly parse: (text: string, url: string) => Document
}

/** Parses JSON. The error message quotes nothing of the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it is not JSON')
  }
}
