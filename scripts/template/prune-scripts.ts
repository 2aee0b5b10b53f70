/** Removes scripts and steps of which something is gone. */

/** What a command line needs, as far as it says so. */
export interface CommandContext {
  readonly hasPath: (path: string) => boolean
  /** Whether a workspace has this name. */
  readonly hasPackage: (name: string) => boolean
  /** Whether a workspace has this script. */
  readonly hasTask: (name: string) => boolean
}

/** Whether a script of `package.json` still has everything that it names. */
export function canRun(command: string, context: CommandContext): boolean {
  const words = command.split(/\s+/)
  return words.every((word, index) => {
    const filter = /^--filter=!?(@?[\w/-]+)(?:\^?\.\.\.)?$/.exec(word)?.[1]
    if (filter !== undefined) return context.hasPackage(filter)
    if (/^(?:scripts|tests|apps|packages)\/[\w./-]+$/.test(word)) return context.hasPath(word)
    if (words[index - 2] === 'turbo' && words[index - 1] === 'run') return context.hasTask(word)
    return word !== 'changeset' || context.hasPath('.changeset')
  })
}

/** A step of `pnpm check`. */
export interface CheckStep {
  readonly title: string
  readonly command: readonly string[]
  readonly needs?: readonly string[]
  readonly why?: string
}

/** The steps that still have a subject. */
export function remainingSteps(
  steps: readonly CheckStep[],
  context: CommandContext,
): readonly CheckStep[] {
  return steps
    .filter(({ command, needs = [] }) => {
      return needs.every((need) => context.hasPath(need)) && canRun(command.join(' '), context)
    })
    .map(({ title, command, why }) => ({ title, ...(why === undefined ? {} : { why }), command }))
}
