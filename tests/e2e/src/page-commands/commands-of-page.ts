/** A command of a page, and the output that the page shows. */
export interface PageCommand {
  readonly command: string
  readonly output: string
}

/** A command in its own fence, followed by its output. */
const commandWithOutput = /^```sh\n(?<command>[^\n]+)\n```\n\n```text\n(?<output>[^`]*?)```$/gmu

/** The section whose commands are run. */
const heading = '\n## Try it locally\n'

/** The commands of the section "Try it locally", in their order. */
export function commandsOfPage(page: string): readonly PageCommand[] {
  return [...sectionOf(page).matchAll(commandWithOutput)].map(({ groups }) => ({
    command: groups?.['command'] ?? '',
    output: groups?.['output'] ?? '',
  }))
}

/** The page with other outputs, one for each command. */
export function withOutputs(page: string, outputs: readonly string[]): string {
  const section = sectionOf(page)
  let index = 0
  const filled = section.replace(commandWithOutput, (_, command: string) => {
    const output = outputs[index] ?? ''
    index += 1
    return `\`\`\`sh\n${command}\n\`\`\`\n\n\`\`\`text\n${output === '' ? '' : `${output.trimEnd()}\n`}\`\`\``
  })
  return page.replace(section, () => filled)
}

/** The page with the outputs of another version of it, as far as that has the same commands. */
export function copyOutputs(page: string, from: string): string {
  const known = new Map(commandsOfPage(from).map(({ command, output }) => [command, output]))
  return withOutputs(
    page,
    commandsOfPage(page).map(({ command }) => known.get(command) ?? ''),
  )
}

function sectionOf(page: string): string {
  const [, after = ''] = page.split(heading)
  return after.split('\n## ')[0] ?? ''
}
