/** Bytes that arrive in parts. */
export interface ByteBuffer {
  readonly size: number
  append(part: Uint8Array): void
  /** The bytes as UTF-8. The buffer is empty afterwards. */
  takeText(): string
  clear(): void
}

/**
 * Makes a buffer that grows. A list of parts would cost a hundred times the memory of its bytes if each
 * part is one byte, and the other side decides how it splits its data.
 */
export function byteBuffer(): ByteBuffer {
  const none = Buffer.alloc(0)
  let bytes = none
  let size = 0

  function clear(): void {
    bytes = none
    size = 0
  }

  return {
    get size() {
      return size
    },
    append(part) {
      const needed = size + part.length
      if (needed > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2))
        bytes.copy(larger, 0, 0, size)
        bytes = larger
      }
      bytes.set(part, size)
      size = needed
    },
    takeText() {
      const text = bytes.toString('utf8', 0, size)
      clear()
      return text
    },
    clear,
  }
}
