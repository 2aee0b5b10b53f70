import { findEmulatedServer } from '../../apps/reference-as/src/emulation/servers/catalog.ts'
import type {
  Behavior,
  EmulatedServer,
  Note,
  ServerBehaviors,
} from '../../apps/reference-as/src/emulation/servers/emulated-server.ts'
import type {
  Fact,
  NoteReference,
  ProfileReason,
  Provider,
} from '../../docs/providers/data/provider.ts'
import { providerProfiles, standardProfile } from '../../packages/core/src/providers.ts'
import type { ProviderProfile } from '../../packages/core/src/providers.ts'
import { behaviorSentence, questions } from './behavior-sentences.ts'
import type { Question } from './behavior-sentences.ts'
import { referenceOf, sentence } from './words.ts'

/** A sentence of a page: what is known, how, and where from. */
export interface Statement {
  readonly text: string
  readonly status: Behavior<unknown>['status']
  readonly source: Reference
  readonly date: string
}

/** A source as a page names it. Its title comes from the data, or from the URL. */
export interface Reference {
  readonly title: string
  /** `true`: the data gives the title. */
  readonly isNamed: boolean
  readonly url: string | undefined
}

/** A provider with its emulated server and its profile. */
export interface Product {
  readonly provider: Provider
  readonly server: EmulatedServer
  readonly profile: ProviderProfile
}

export function productOf(provider: Provider): Product {
  const server = findEmulatedServer(provider.emulated)
  if (server === undefined)
    throw new Error(`${provider.id}: no emulated server ${provider.emulated}`)
  const profile = profileOf(provider.profile)
  if (profile === undefined) throw new Error(`${provider.id}: no profile ${provider.profile}`)
  return { provider, server, profile }
}

function profileOf(id: string | undefined): ProviderProfile | undefined {
  return id === undefined ? standardProfile : providerProfiles.find((one) => one.id === id)
}

export function ofFact({ text, status, source }: Fact): Statement {
  const { title, url, readOn } = source
  return { text, status, source: { title, url, isNamed: true }, date: readOn }
}

export function ofNote({ value, status, source, date }: Note): Statement {
  return { text: sentence(value), status, source: referenceOf(source), date }
}

/** The statement of a behavior; `undefined` if no source says anything about it. */
export function ofBehavior(
  { behaviors }: EmulatedServer,
  name: keyof ServerBehaviors,
): Statement | undefined {
  const behavior: Behavior<string | number> | undefined = behaviors[name]
  if (behavior === undefined) return undefined
  const { value, status, source, date } = behavior
  return { text: behaviorSentence(name, value), status, source: referenceOf(source), date }
}

function findNote({ server }: Product, { note }: NoteReference): Note {
  const found = server.notes.find(({ value }) => value.startsWith(note))
  if (found === undefined) throw new Error(`${server.name}: no note starts with "${note}"`)
  return found
}

/** Whether a reason or an answer is a fact of its own, and not a reference to the emulation. */
export function isFact(reason: ProfileReason): reason is Fact {
  return typeof reason === 'object' && 'text' in reason
}

export function ofReason(product: Product, reason: ProfileReason): Statement {
  if (typeof reason === 'string') {
    const statement = ofBehavior(product.server, reason)
    if (statement === undefined) throw new Error(`${product.server.name}: no behavior ${reason}`)
    return statement
  }
  return 'note' in reason ? ofNote(findNote(product, reason)) : ofFact(reason)
}

/** The questions that no source answers. */
export function openQuestions({ provider, server }: Product): readonly Question[] {
  const { behaviors } = server
  const keeps = behaviors.rotation !== undefined && behaviors.rotation.value !== 'new-token'
  const forgives = behaviors.reuse?.value === 'accepted'
  return Object.keys(questions)
    .map((name) => name as Question)
    .filter((name) => behaviors[name] === undefined && provider.answers?.[name] === undefined)
    .filter((name) => !(keeps && (name === 'reuse' || name === 'graceSeconds')))
    .filter((name) => !(forgives && name === 'graceSeconds'))
}
