/**
 * What is known about a product and stands nowhere else.
 *
 * To correct a fact, change it here, with its source and the day on which you read that source. What
 * the reference server emulates of a product is in `apps/reference-as/src/emulation/servers`, and what
 * a client does differently there in the profile of `packages/core/src/provider`: `pnpm providers`
 * writes the page from all three. What no source says is left out, and the page says so.
 */
import type {
  BehaviorStatus,
  ServerBehaviors,
} from '../../../apps/reference-as/src/emulation/servers/emulated-server.ts'
import type { ProviderProfile } from '../../../packages/core/src/providers.ts'

/** Where a fact comes from, and when it was read. */
export interface Source {
  readonly title: string
  readonly url: string
  /** `2026-11-28` */
  readonly readOn: string
}

/** A fact about a product, in one sentence of our own, with Markdown for code and names of switches. */
export interface Fact {
  readonly text: string
  readonly status: BehaviorStatus
  readonly source: Source
}

/** A fact that stands in the data of the emulation: the start of one of the product's notes. */
export interface NoteReference {
  readonly note: string
}

/**
 * The answer to a question for which the emulation has no value, in a few words for the table: a fact,
 * a note, or another behavior that implies it.
 */
export interface Answer {
  readonly short: string
  readonly fact: Fact | NoteReference | keyof ServerBehaviors
}

/** What a profile of `@evergrant/core` sets, and a fact must explain. */
export type ProfileMember = Exclude<keyof ProviderProfile, 'id' | 'name' | 'issuers'>

/** Why a profile differs from the standards: a fact, a note, or a behavior of the emulation. */
export type ProfileReason = Fact | NoteReference | keyof ServerBehaviors

/** The reasons of a profile, one for each member in which it differs from the standards. */
export type ProfileReasons = Partial<Readonly<Record<ProfileMember, ProfileReason>>>

/** What the page of a product says. */
export interface Provider {
  /** The name of the page. */
  readonly id: string
  readonly name: string
  /** An issuer as the product writes it, for the example requests. */
  readonly exampleIssuer: string
  /** Whether its metadata is that of an OpenID Provider. */
  readonly isOpenIdProvider: boolean
  /** Scope of the challenge in the examples, if the product has rules for it. Default `mcp:read`. */
  readonly exampleScope?: string
  /** The ID of its profile in `@evergrant/core`, if it has one. */
  readonly profile?: string
  readonly profileReasons?: ProfileReasons
  /** The name of the emulated server. */
  readonly emulated: string
  /** What to do, in this order. */
  readonly switchOn: readonly Fact[]
  readonly comesBack: readonly Fact[]
  readonly lasts: readonly Fact[]
  readonly ends: readonly Fact[]
  readonly traps: readonly Fact[]
  /** Lifetimes that differ if `offline_access` is requested, as Evergrant does where it is listed. */
  readonly withOfflineAccess?: Partial<Readonly<Record<'idleSeconds' | 'absoluteSeconds', Answer>>>
  /** What to say instead of a behavior of the emulation that depends on a setting. */
  readonly conditions?: Partial<
    Readonly<Record<keyof ServerBehaviors, { readonly short: string; readonly fact: Fact }>>
  >
  /** Questions of the comparison that a behavior of the emulation cannot answer. */
  readonly answers?: Partial<Readonly<Record<keyof ServerBehaviors, Answer>>>
}

export function source(title: string, url: string, readOn: string): Source {
  return { title, url, readOn }
}

/** The product's documentation or source code states it. */
export function documented(text: string, from: Source): Fact {
  return { text, status: 'documented', source: from }
}

/** Known second-hand, from an old document, or concluded from something else. */
export function inferred(text: string, from: Source): Fact {
  return { text, status: 'inferred', source: from }
}

/** Observed by the authors. The title of the source names the version. */
export function measured(text: string, from: Source): Fact {
  return { text, status: 'measured', source: from }
}
