/** Encodes a value as browsers do in a form: `-`, `.`, `_` and `*` stay as they are. */
export function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice('='.length)
}
