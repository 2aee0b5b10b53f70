/** Encodes a value as browsers do in a form: `-`, `.`, `_` and `*` are not changed. */
export function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice('='.length)
}
