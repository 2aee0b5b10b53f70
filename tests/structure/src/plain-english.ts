/** Phrases that pages avoid, and what they say instead. `CONTRIBUTING.md` has the rules. */

interface Phrase {
  readonly found: RegExp
  readonly instead: string
}

const actor = 'you, the user, the client, the server or the caller'

const avoidedPhrases: readonly Phrase[] = [
  { found: /\b(?:a person|persons)\b/i, instead: actor },
  { found: /\b(?:somebody|nobody|whoever)\b/i, instead: actor },
  { found: /\banew\b/i, instead: 'again' },
  { found: /\bby (?:itself|themselves)\b/i, instead: 'automatically' },
  { found: /\bas it comes\b/i, instead: 'unchanged' },
  { found: /\bthat is[,:]/i, instead: 'a sentence of its own' },
  { found: /\bin silence\b/i, instead: 'silently' },
  { found: /\bcomes? along\b/i, instead: 'is installed for you' },
  { found: /\bha(?:s|ve) to mend\b|\bmends?\b/i, instead: 'must fix' },
  { found: /\bis no (?:OpenID Provider|URL|client|server|user)\b/i, instead: 'is not a' },
  { found: /\bis not (?:its|theirs|ours)\b/i, instead: 'does not apply' },
  { found: /\b(?:is|are) (?:of )?no use\b/i, instead: 'will not help' },
  { found: /\bwould not help\b/i, instead: 'will not help' },
  { found: /\bcarr(?:y|ies) another\b/i, instead: 'has a … that does not match' },
  { found: /\bwas given no way\b/i, instead: 'no … is configured' },
  { found: /\bhas signed in here\b/i, instead: 'no stored sign-in' },
  { found: /\bdid not do what\b/i, instead: 'failed' },
  {
    found: /\bis how (?:a|the) (?:person|user) is asked\b/i,
    instead: 'opens the authorization page',
  },
  { found: /\breally ends? the grant\b/i, instead: 'ends the grant' },
  { found: /\bleft alone\b/i, instead: 'backing off' },
  { found: /(?<!the )\bmetadata do\b/i, instead: 'metadata does' },
]

/**
 * Returns the avoided phrases in the prose of a page, with their lines. Code is not read.
 *
 * @param page - The name of the page, for messages.
 */
export function phrasesIn(page: string, markdown: string): readonly string[] {
  const found: string[] = []
  let fence: string | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const ticks = /^\s*(?<ticks>`{3,})/.exec(line)?.groups?.['ticks']
    if (ticks !== undefined) {
      if (fence === undefined) fence = ticks
      else if (ticks === fence) fence = undefined
      continue
    }
    if (fence !== undefined) continue
    const prose = line.replaceAll(/`[^`]*`/g, '`…`')
    for (const { found: phrase, instead } of avoidedPhrases) {
      const [words] = phrase.exec(prose) ?? []
      if (words !== undefined) found.push(`${page}:${index + 1}: "${words}". Write: ${instead}.`)
    }
  }
  return found
}
