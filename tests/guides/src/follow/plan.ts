/**
 * What a reader does who follows a page from top to bottom: writes the files, and runs the commands.
 *
 * Attributes of a fence that only this reader sees:
 *
 * - `run="no" because="…"`: not run, for the reason that is listed in the report.
 * - `terminal="name" ready="…"`: runs in a terminal of its own until the page uses that terminal again.
 *   The reader goes on when the text appears in its output.
 * - `times="2"`: runs in so many terminals at once, each with one of the outputs that follow.
 * - `exit="1"`: ends with this exit code.
 * - `needs="servers"`, `postgres` or `redis`: what the page says that the reader has.
 * - `folder="repository"`: runs in a clone of the repository.
 * - `numbers="vary"` and `order="any"`, of an output: its numbers and the order of its lines are those of
 *   one run.
 */
import { placeOf } from '../pages/fences.ts'
import type { Fence } from '../pages/fences.ts'
import type { Page } from '../pages/read-pages.ts'
import { textOf } from '../pages/programs.ts'

export type Need = 'servers' | 'postgres' | 'redis'

/** One thing that the reader does. */
export type Step =
  | { readonly kind: 'write'; readonly fence: Fence; readonly file: string; readonly text: string }
  | { readonly kind: 'run'; readonly fence: Fence; readonly outputs: readonly Fence[] }

export interface NotRun {
  readonly place: string
  readonly because: string
}

/** A page, as one reader follows it. */
export interface Guide {
  readonly page: string
  /** The tabs that the reader chooses. */
  readonly tabs: readonly string[]
  readonly steps: readonly Step[]
  readonly needs: ReadonlySet<Need>
  readonly notRun: readonly NotRun[]
}

const packageManagers = new Set(['npm', 'pnpm'])
const needs = new Set<string>(['servers', 'postgres', 'redis'])
const shells = new Set(['sh', 'bash'])
/** Nothing to run or to write. */
const pictures = new Set(['mermaid', 'diff'])
const outputs = new Set(['text', 'json', 'http', 'html'])

/**
 * Returns a page once for each of its tabs. If it has several kinds of tabs, each time with another tab
 * of each kind.
 */
export function guidesOf({ path, fences }: Page): readonly Guide[] {
  const kinds = kindsOfTabs(fences)
  const times = Math.max(1, ...kinds.map(({ length }) => length))
  return Array.from({ length: times }, (_, index) =>
    guideOf(
      path,
      kinds.flatMap((labels) => labels[index] ?? labels[0] ?? []),
      fences,
    ),
  )
}

/** The labels of tabs, those together that are shown together. */
function kindsOfTabs(fences: readonly Fence[]): readonly (readonly string[])[] {
  const kinds: string[][] = []
  for (const fence of fences) {
    const label = fence.attributes['tab']
    if (label === undefined || packageManagers.has(label)) continue
    const group = new Set(groupOf(fence, fences).map(({ attributes }) => attributes['tab']))
    const kind = kinds.find((labels) => labels.some((one) => group.has(one)))
    if (kind === undefined) kinds.push([label])
    else if (!kind.includes(label)) kind.push(label)
  }
  return kinds
}

function guideOf(page: string, tabs: readonly string[], all: readonly Fence[]): Guide {
  const fences = all.filter((fence) => isSeen(fence, tabs, all))
  const steps: Step[] = []
  const notRun: NotRun[] = []
  let running: { readonly fence: Fence; readonly outputs: Fence[] } | undefined
  for (const fence of fences) {
    const { run, because, title, after } = fence.attributes
    if (run === 'no') {
      if (because === undefined || because === '') {
        throw new Error(`${placeOf(fence)}: run="no" has no because="…".`)
      }
      notRun.push({ place: placeOf(fence), because })
    } else if (shells.has(fence.language)) {
      running = { fence, outputs: [] }
      steps.push({ kind: 'run', ...running })
    } else if (title !== undefined || after !== undefined) {
      running = undefined
      const file = title ?? after ?? ''
      steps.push({ kind: 'write', fence, file, text: textOf(fence, fences) })
    } else if (outputs.has(fence.language) && running !== undefined) {
      running.outputs.push(fence)
    } else if (!pictures.has(fence.language)) {
      throw new Error(
        `${placeOf(fence)}: not a command, a file with a title or the output of a command. Otherwise, say run="no" because="…".`,
      )
    }
  }
  return { page, tabs, steps, needs: needsOf(fences), notRun }
}

/** In each group of tabs, the reader sees the chosen one, or the first one if it is not there. */
function isSeen(fence: Fence, tabs: readonly string[], all: readonly Fence[]): boolean {
  const own = fence.attributes['tab']
  if (own === undefined) return true
  const group = groupOf(fence, all).map(({ attributes }) => attributes['tab'] ?? '')
  return own === (group.find((label) => tabs.includes(label)) ?? group[0])
}

/** The tabs that are shown together: fences with a tab that follow each other. */
function groupOf(fence: Fence, all: readonly Fence[]): readonly Fence[] {
  let first = all.indexOf(fence)
  let last = first
  const labels = new Set([fence.attributes['tab']])
  while (joins(all[first - 1], all[first], labels)) first -= 1
  while (joins(all[last + 1], all[last], labels)) last += 1
  return all.slice(first, last + 1)
}

function joins(
  next: Fence | undefined,
  fence: Fence | undefined,
  labels: Set<string | undefined>,
): boolean {
  const label = next?.attributes['tab']
  if (next === undefined || fence === undefined || label === undefined) return false
  const [first, second] = next.line < fence.line ? [next, fence] : [fence, next]
  // Nothing but an empty line is between the tabs of a group.
  const end = first.line + first.code.split('\n').length + (first.code === '' ? 0 : 1)
  if (second.line - end > 2 || labels.has(label)) return false
  labels.add(label)
  return true
}

function needsOf(fences: readonly Fence[]): ReadonlySet<Need> {
  return new Set(
    fences.flatMap((fence) => {
      const names = fence.attributes['needs']?.split(' ') ?? []
      return names.map((name) => {
        if (!isNeed(name)) {
          throw new Error(`${placeOf(fence)}: needs=${JSON.stringify(name)} is not known.`)
        }
        return name
      })
    }),
  )
}

function isNeed(name: string): name is Need {
  return needs.has(name)
}
