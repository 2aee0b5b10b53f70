/**
 * Reads the body of a response.
 *
 * @throws {Error} If it is longer than `maximumBytes`. The rest is not read.
 */
export async function limitedText(response: Response, maximumBytes: number): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > maximumBytes) throw new Error(`a body of more than ${maximumBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
