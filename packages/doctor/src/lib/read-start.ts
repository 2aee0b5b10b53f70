/** Reads the beginning of a body, and cancels the rest. No body is held that is larger than that. */
export async function readStart(
  response: Response,
  maximumBytes: number,
): Promise<{ readonly text: string; readonly isTruncated: boolean }> {
  if (response.body === null) return { text: '', isTruncated: false }
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body) {
    const room = maximumBytes - bytes
    text += decoder.decode(chunk.subarray(0, room), { stream: true })
    bytes += chunk.byteLength
    // Leaving the loop cancels the rest of the body.
    if (bytes > maximumBytes) return { text, isTruncated: true }
  }
  return { text: text + decoder.decode(), isTruncated: false }
}
