import { escapeInvisible } from '@evergrant/core'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or an attribute, without characters that hide or reorder text. */
export function escapeHtml(text: string): string {
  return escapeInvisible(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
