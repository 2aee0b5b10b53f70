import type { Behavior } from '../../apps/reference-as/src/emulation/servers/emulated-server.ts'
import type { Answer } from '../../docs/providers/data/provider.ts'
import type { Question } from './behavior-sentences.ts'
import { ofReason } from './product.ts'
import type { Product } from './product.ts'
import { duration } from './words.ts'

/** The columns of the table: a question, and its answers in a few words. */
const columns: readonly {
  readonly question: Question
  readonly title: string
  readonly words: (value: string | number) => string
}[] = [
  {
    question: 'refreshTokenFor',
    title: 'A refresh token needs',
    words: choose({
      always: 'nothing',
      'grant-type': 'the grant type',
      'offline-access': '`offline_access`',
      'grant-type-and-offline-access': 'the grant type and `offline_access`',
      'access-type-offline': '`access_type=offline`',
    }),
  },
  {
    question: 'offlineAccess',
    title: 'Lists `offline_access`',
    words: choose({ listed: 'yes', unlisted: 'no', refused: 'no, refuses it' }),
  },
  {
    question: 'promptConsent',
    title: '`prompt=consent`',
    words: choose({ needed: 'needed', 'not-needed': 'not needed' }),
  },
  {
    question: 'rotation',
    title: 'A refresh brings',
    words: choose({
      'new-token': 'a new token',
      'same-token': 'the same token',
      'no-token': 'no token',
    }),
  },
  {
    question: 'reuse',
    title: 'Used twice',
    words: choose({
      'family-revoked': 'ends the sign-in',
      refused: 'is refused',
      accepted: 'is accepted',
      'accepted-until-successor-is-used': 'is accepted for a while',
    }),
  },
  {
    question: 'idleSeconds',
    title: 'Ends unused after',
    words: (value) => duration(Number(value)),
  },
  { question: 'absoluteSeconds', title: 'Ends after', words: (value) => duration(Number(value)) },
  {
    question: 'registration',
    title: 'Registers clients',
    words: choose({
      offered: 'yes',
      'not-offered': 'by hand',
      'listed-and-refused': 'after configuration',
    }),
  },
  {
    question: 'clientIdMetadataDocuments',
    title: 'Metadata documents',
    words: choose({ supported: 'yes', 'not-supported': 'no' }),
  },
  {
    question: 'resource',
    title: '`resource`',
    words: choose({ honored: 'honored', ignored: 'ignored', refused: 'refused' }),
  },
]

/** The table of all products. Second-hand answers are in italics, unknown ones are question marks. */
export function comparison(products: readonly Product[]): string {
  return [
    `| Product | ${columns.map(({ title }) => title).join(' | ')} |`,
    `| --- |${columns.map(() => ' --- |').join('')}`,
    ...products.map(row),
  ].join('\n')
}

/** The name of the product as a link, with the variant that the facts are about. */
function productCell({ provider: { id, name }, server }: Product): string {
  const link = `[${name}](${id}.md)`
  return server.product.startsWith(name)
    ? `${link}${server.product.slice(name.length)}`
    : `${link}: ${server.product}`
}

function row(product: Product): string {
  return `| ${productCell(product)} | ${columns.map((column) => cell(product, column)).join(' | ')} |`
}

function cell(product: Product, { question, words }: (typeof columns)[number]): string {
  const { provider, server } = product
  const offline = Object.entries({ ...provider.withOfflineAccess }).find(
    ([one]) => one === question,
  )
  if (offline !== undefined) {
    return marked(offline[1].short, ofReason(product, offline[1].fact).status)
  }
  const condition = provider.conditions?.[question]
  if (condition !== undefined) return marked(condition.short, condition.fact.status)
  const behavior: Behavior<string | number> | undefined = server.behaviors[question]
  if (behavior !== undefined) return marked(words(behavior.value), behavior.status)
  const answer: Answer | undefined = provider.answers?.[question]
  return answer === undefined ? '?' : marked(answer.short, ofReason(product, answer.fact).status)
}

function marked(text: string, status: Behavior<unknown>['status']): string {
  return status === 'inferred' ? `*${text}*` : text
}

function choose(words: Readonly<Record<string, string>>): (value: string | number) => string {
  return (value) => {
    const found = words[value]
    if (found === undefined) throw new Error(`No words for ${value}`)
    return found
  }
}
