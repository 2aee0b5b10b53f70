import { byteBuffer } from './byte-buffer.ts'

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
  const kept = byteBuffer()
  let isTooLong = false
  /** A line feed right after a carriage return belongs to the same line end. */
  let afterCarriageReturn = false

  function keep(part: Uint8Array): void {
    if (part.length === 0 || isTooLong) return
    if (kept.size + part.length > maximumBytes) {
      isTooLong = true
      kept.clear()
    } else kept.append(part)
  }

  function take(): Line {
    const line: Line = isTooLong ? { tooLong: true } : { text: kept.takeText() }
    isTooLong = false
    return line
  }

  /** Most lines are within one chunk, and are not copied. */
  function lineWithin(part: Uint8Array): Line {
    if (kept.size === 0 && !isTooLong && part.length <= maximumBytes) {
      return { text: Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('utf8') }
    }
    keep(part)
    return take()
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
        lines.push(lineWithin(chunk.subarray(from, end)))
        from = end + 1
        if (chunk[end] !== carriageReturn) continue
        if (from === chunk.length) afterCarriageReturn = true
        else if (chunk[from] === lineFeed) from += 1
      }
      keep(chunk.subarray(from))
      return lines
    },
    end: () => (kept.size === 0 && !isTooLong ? undefined : take()),
  }
}
