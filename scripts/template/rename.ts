import type { NameForm, Names } from './names.ts'

/** Replaces every form of the original name in a text. */
export function renamed(text: string, names: Names, forms: readonly NameForm[]): string {
  return text.replace(anyOf(forms), (found, ...rest) => {
    const form = forms[formIndex(rest)]
    return form?.replace?.(names, found) ?? found
  })
}

/** The forms of all occurrences in a text, in their order. */
export function formsIn(text: string, forms: readonly NameForm[]): readonly NameForm[] {
  return Array.from(
    text.matchAll(anyOf(forms)),
    (match) => forms[formIndex(match.slice(1))],
  ).filter((form) => form !== undefined)
}

/** One group for each form, so that a text is read once and no result is renamed again. */
function anyOf(forms: readonly NameForm[]): RegExp {
  return new RegExp(forms.map(({ pattern }) => `(${pattern.source})`).join('|'), 'g')
}

function formIndex(groups: readonly unknown[]): number {
  return groups.findIndex((group) => typeof group === 'string')
}
