import type {
  NoteSubject,
  ServerBehaviors,
} from '../../apps/reference-as/src/emulation/servers/emulated-server.ts'
import type { Answer, Fact } from '../../docs/providers/data/provider.ts'
import { behaviorSentence, questions } from './behavior-sentences.ts'
import { doctorRulesOf } from './doctor-rules.ts'
import { createFootnotes } from './footnotes.ts'
import type { Footnotes } from './footnotes.ts'
import { isFact, ofBehavior, ofFact, ofNote, ofReason, openQuestions } from './product.ts'
import type { Product, Statement } from './product.ts'
import { requestsOf } from './requests.ts'
import { tryItLocally } from './try-it.ts'
import { duration } from './words.ts'

/** The behaviors of each section, in their order on the page. */
const sections = {
  'switch-on': ['registration', 'registeredScope', 'clientIdMetadataDocuments'],
  'comes-back': [
    'refreshTokenFor',
    'publicClients',
    'offlineAccess',
    'promptConsent',
    'rotation',
    'resource',
    'resourceOnRefresh',
    'audience',
    'tokenType',
    'iss',
    'scopesSupported',
    'codeChallengeMethods',
    'metadataAt',
  ],
  lasts: ['idleSeconds', 'absoluteSeconds', 'accessTokenSeconds'],
  ends: ['reuse', 'graceSeconds', 'deadRefreshToken'],
  traps: ['requestWithoutScope', 'clientIdInForm', 'revocationSecret'],
} as const satisfies Readonly<Record<string, readonly (keyof ServerBehaviors)[]>>

type Section = keyof typeof sections

/** The page of a product. The outputs of its commands are empty. */
export function providerPage(product: Product): string {
  const { provider } = product
  const { name } = provider
  const notes = createFootnotes()
  const steps = provider.switchOn.map((fact, index) => `${index + 1}. ${notes.cite(ofFact(fact))}`)
  const clients = list(notes, statementsOf(product, 'switch-on', []))
  return `${[
    frontMatter(name),
    `# ${name}`,
    summary(product),
    [recognition(product), ...variant(product)].join(' '),
    '## What to switch on',
    steps.join('\n'),
    ...(clients === '' ? [] : ['How clients get a client ID:', clients]),
    '## What Evergrant sends',
    ...reasons(product, notes),
    `The example is an MCP server \`https://mcp.example.com/mcp\` whose challenge names \`${provider.exampleScope ?? 'mcp:read'}\`. The negotiation of \`@evergrant/core\` computed the parameters.`,
    requestsOf(product),
    ...withHeading(
      'What comes back',
      list(notes, statementsOf(product, 'comes-back', provider.comesBack)),
    ),
    ...withHeading(
      'How long it lasts',
      list(notes, statementsOf(product, 'lasts', provider.lasts)),
    ),
    ...withHeading('What ends it', list(notes, statementsOf(product, 'ends', provider.ends))),
    ...withHeading('Traps', list(notes, statementsOf(product, 'traps', provider.traps))),
    '## Unknown',
    unknown(product),
    '## Try it locally',
    tryItLocally(product),
    '## The doctor',
    `[\`evergrant doctor\`](../guides/doctor.md) checks your deployment. What is known about ${name} can lead to these findings:`,
    doctorRulesOf(product),
    '## Sources',
    'Products change. [Correct a fact](index.md#correct-a-fact) if you know better.',
    notes.definitions(),
  ].join('\n\n')}\n`
}

function frontMatter(name: string): string {
  return `---
title: ${name}
description: "Stay signed in to MCP servers with ${name}: what to switch on, what Evergrant sends, what ends a sign-in"
---`
}

/** What decides whether a sign-in lasts, in one sentence. */
function summary({ provider, server }: Product): string {
  const { refreshTokenFor, idleSeconds, absoluteSeconds } = server.behaviors
  const issues =
    refreshTokenFor === undefined
      ? `No source says when ${provider.name} issues a refresh token`
      : `With ${provider.name}, ${inSentence(behaviorSentence('refreshTokenFor', refreshTokenFor.value))}`
  const offline = provider.withOfflineAccess
  if (offline?.idleSeconds !== undefined) {
    return `${issues}. With \`offline_access\`, a sign-in ends after ${offline.idleSeconds.short} without use.`
  }
  const ends = [
    ...(idleSeconds === undefined ? [] : [`after ${duration(idleSeconds.value)} without use`]),
    ...(absoluteSeconds === undefined
      ? []
      : [`after ${duration(absoluteSeconds.value)} even if it is used`]),
  ]
  return `${issues}${ends.length === 0 ? '' : `, and a sign-in ends ${ends.join(', and ')}`}.`
}

function inSentence(text: string): string {
  const start = text.charAt(0)
  return `${start.toLowerCase()}${text.slice(1).replace(/\.$/, '')}`
}

function recognition({ provider, profile }: Product): string {
  const { name } = provider
  if (profile.id === 'standard') {
    return `Evergrant has no profile for ${name}, and follows the standards there.`
  }
  const byId = `\`--provider ${profile.id}\``
  if (profile.issuers.length === 0) return `Tell Evergrant about it with ${byId}.`
  const issuers = profile.issuers.map((issuer) => `\`${issuer}\``).join(', ')
  return `Evergrant recognizes ${name} by its issuer (${issuers}). If yours is another one, such as a custom domain, use ${byId}.`
}

/** What the facts are about, if it is a part or a setting of the product. */
function variant({ provider, server }: Product): readonly string[] {
  return server.product === provider.name
    ? []
    : [`Unless a sentence says otherwise, this page is about this variant: ${server.product}.`]
}

/** Why the requests differ from the standards. */
function reasons(product: Product, notes: Footnotes): readonly string[] {
  const all = Object.values(product.provider.profileReasons ?? {})
  const statements = all.map((reason) => ofReason(product, reason))
  const cited = [...new Set(statements.map((statement) => notes.cite(statement)))]
  if (cited.length === 0) return []
  return [
    'Evergrant differs from the standards here, because:',
    cited.map((one) => `- ${one}`).join('\n'),
  ]
}

/** Behaviors, answers, facts and notes of a section. What explains a request stands there. */
function statementsOf(
  product: Product,
  section: Section,
  facts: readonly Fact[],
): readonly Statement[] {
  const { provider, server } = product
  const reasonList = Object.values(provider.profileReasons ?? {})
  const explained = new Set(
    reasonList.map((reason) => ofReason(product, reason)).map(({ text }) => text),
  )
  const names: readonly (keyof ServerBehaviors)[] = sections[section]
  const answers = names.flatMap((name) => {
    const answer: Answer | undefined = provider.answers?.[name]
    // Notes and other behaviors stand on the page by themselves.
    return answer === undefined || !isFact(answer.fact) ? [] : [ofFact(answer.fact)]
  })
  const offline = section === 'lasts' ? Object.values(provider.withOfflineAccess ?? {}) : []
  const subject: NoteSubject | undefined = section === 'traps' ? undefined : section
  return [
    ...offline.map(({ fact }) => ofReason(product, fact)),
    ...names.flatMap((name) => withoutOfflineAccess(product, name) ?? []),
    ...answers,
    ...server.notes.filter(({ about }) => about === subject).map(ofNote),
    ...facts.map(ofFact),
  ].filter(({ text }) => !explained.has(text))
}

/** A behavior, with the condition that it depends on. */
function withoutOfflineAccess(
  { provider, server }: Product,
  name: keyof ServerBehaviors,
): Statement | undefined {
  const condition = provider.conditions?.[name]
  if (condition !== undefined) return ofFact(condition.fact)
  const statement = ofBehavior(server, name)
  const changes = Object.keys(provider.withOfflineAccess ?? {}).includes(name)
  if (statement === undefined || !changes) return statement
  return { ...statement, text: `Without \`offline_access\`, ${inSentence(statement.text)}.` }
}

function list(notes: Footnotes, statements: readonly Statement[]): string {
  return statements.map((statement) => `- ${notes.cite(statement)}`).join('\n')
}

function withHeading(title: string, content: string): readonly string[] {
  return content === '' ? [] : [`## ${title}`, content]
}

function unknown(product: Product): string {
  const open = openQuestions(product)
  if (open.length === 0) return 'Every question of the [comparison](index.md) has an answer.'
  return [
    'No source that we read says:',
    open.map((question) => `- ${questions[question]}`).join('\n'),
  ].join('\n\n')
}
