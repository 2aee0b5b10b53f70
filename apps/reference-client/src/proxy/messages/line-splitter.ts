/** A line, or the notice that a line was too long and is skipped. */
export type Line = { readonly text: string } | { readonly tooLong: true }

/** Splits bytes into lines of UTF-8. */
export interface LineSplitter {
  /** The lines that end in this chunk. */
  push(chunk: Uint8Array): readonly Line[]
  /** The unfinished line, if any. */
  end(): Line | undefined
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Makes a splitter. A long line costs linear time, however many chunks it arrives in.
 *
 * @param maximumBytes - A longer line is reported once and skipped, so memory stays bounded.
 * @param options - `carriageReturn: true` if a carriage return ends a line too, as in an event
 *   stream.
 */
export function lineSplitter(
  maximumBytes: number,
  options: { readonly carriageReturn?: boolean } = {},
): LineSplitter {
  let parts: Uint8Array[] = []
  let size = 0
  let isTooLong = false
  /** A line feed right after a carriage return belongs to the same line end. */
  let afterCarriageReturn = false

  function keep(part: Uint8Array): void {
    if (part.length === 0 || isTooLong) return
    size += part.length
    if (size > maximumBytes) {
      isTooLong = true
      parts = []
      return
    }
    parts.push(part)
  }

  function take(): Line {
    const line: Line = isTooLong ? { tooLong: true } : { text: decode(parts, size) }
    parts = []
    size = 0
    isTooLong = false
    return line
  }

  function endOfLine(chunk: Uint8Array, from: number): number {
    const feed = chunk.indexOf(lineFeed, from)
    if (options.carriageReturn !== true) return feed
    const carriage = chunk.subarray(from, feed === -1 ? undefined : feed).indexOf(carriageReturn)
    return carriage === -1 ? feed : from + carriage
  }

  return {
    push(chunk) {
      const lines: Line[] = []
      let from = 0
      if (afterCarriageReturn && chunk[0] === lineFeed) from = 1
      if (chunk.length > 0) afterCarriageReturn = false
      for (;;) {
        const end = endOfLine(chunk, from)
        if (end === -1) break
        keep(chunk.subarray(from, end))
        lines.push(take())
        from = end + 1
        if (chunk[end] !== carriageReturn) continue
        if (from === chunk.length) afterCarriageReturn = true
        else if (chunk[from] === lineFeed) from += 1
      }
      // A copy: the rest of the chunk must not stay in memory for the start of a line.
      keep(chunk.slice(from))
      return lines
    },
    end: () => (size === 0 ? undefined : take()),
  }
}

function decode(parts: readonly Uint8Array[], size: number): string {
  const [first] = parts
  if (first === undefined) return ''
  const bytes =
    parts.length === 1
      ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
      : Buffer.concat(parts, size)
  return bytes.toString('utf8')
}
