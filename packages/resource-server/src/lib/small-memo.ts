/** Results by a text that most tokens of an issuer have in common. */
export interface SmallMemo<Result> {
  find(text: string): Result | undefined
  /** Keeps a result, unless the text is long. */
  keep(text: string, result: Result): void
}

const maximumResults = 100
const maximumTextLength = 1000

/** Makes a memory that unknown senders can fill and empty, but not let grow: then a result is computed again. */
export function smallMemo<Result>(): SmallMemo<Result> {
  const results = new Map<string, Result>()
  return {
    find: (text) => results.get(text),
    keep(text, result) {
      if (text.length > maximumTextLength) return
      if (results.size === maximumResults) results.clear()
      results.set(text, result)
    },
  }
}
