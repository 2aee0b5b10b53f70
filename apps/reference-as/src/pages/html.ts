import { cleanRemoteText } from '@evergrant/core'

/** Markup that is safe to send. */
export interface Html {
  readonly markup: string
}

type Part = string | number | Html | undefined | readonly Part[]

/**
 * Template tag. Interpolated strings are escaped and lose characters that reorder, hide or truncate
 * text. {@link Html} is not changed. Smaller than a template library, which would not clean text.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const markup = strings.reduce((text, string, index) => text + render(parts[index - 1]) + string)
  return { markup }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') {
    const clean = cleanRemoteText(part, Number.POSITIVE_INFINITY) ?? ''
    return clean.replaceAll(/[&<>"']/g, (char) => entities[char] ?? '')
  }
  if (typeof part === 'number') return part.toString()
  if ('markup' in part) return part.markup
  return part.map((one) => render(one)).join('')
}
