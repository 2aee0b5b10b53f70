import { AuthorizationServerError } from './errors.ts'

/**
 * Passes a body on, up to `maximumBytes`.
 *
 * @throws {@link AuthorizationServerError} `FETCH_REFUSED` when the body is longer.
 */
export async function* limitedBody(
  source: AsyncIterable<Uint8Array>,
  maximumBytes: number,
): AsyncGenerator<Uint8Array> {
  let received = 0
  for await (const chunk of source) {
    received += chunk.byteLength
    if (received > maximumBytes) {
      throw new AuthorizationServerError(
        'FETCH_REFUSED',
        `Refused a response body: it is longer than ${maximumBytes} bytes.`,
      )
    }
    yield chunk
  }
}
