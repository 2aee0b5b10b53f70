import type { CompletedCommand, CompletedOption } from './commands.ts'
import type { Shell } from './shells.ts'
import { commandName } from '../names.ts'

const makers: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
}

/** A script that completes the commands and options of `evergrant` in a shell. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return makers[shell](commands)
}

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(
    ({ name, options }) =>
      `    ${name}) options=${quoted(options.map((option) => option.name).join(' '))} ;;`,
  )
  return `# ${commandName} completion for bash. Add to ~/.bashrc: eval "$(${commandName} completion bash)"
_${commandName}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} options=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(commands.map(({ name }) => name).join(' '))} -- "$current"))
    return
  fi
  case "$previous" in
${valueCases(commands)}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$options" -- "$current"))
}
complete -F _${commandName} ${commandName}`
}

function valueCases(commands: readonly CompletedCommand[]): string {
  return optionsWithValues(commands)
    .map(({ name, choices }) => {
      const words = choices === undefined ? '-f' : `-W ${quoted(choices.join(' '))}`
      return `    ${name}) COMPREPLY=($(compgen ${words} -- "$current")); return ;;`
    })
    .join('\n')
}

function zsh(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, description }) => quoted(`${name}:${description}`))
  const cases = commands.map(({ name, options }) => {
    const specs = options.map((option) => quoted(zshSpec(option)))
    return `    ${name}) _arguments ${specs.join(' ')} '*:' ;;`
  })
  return `#compdef ${commandName}
# ${commandName} completion for zsh. Add to ~/.zshrc: eval "$(${commandName} completion zsh)"
_${commandName}() {
  local -a commands
  commands=(${names.join(' ')})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _${commandName} ${commandName}`
}

function zshSpec({ name, description, choices, takesFile }: CompletedOption): string {
  const about = description.replaceAll(/[[\]:]/g, ' ')
  const value =
    choices !== undefined ? `:value:(${choices.join(' ')})` : takesFile ? ':file:_files' : ''
  return `${name}[${about}]${value}`
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, description, options }) => [
    `complete -c ${commandName} -f -n __fish_use_subcommand -a ${name} -d ${quotedForFish(description)}`,
    ...options.map((option) => {
      const value =
        option.choices !== undefined
          ? ` -x -a ${quotedForFish(option.choices.join(' '))}`
          : option.takesFile
            ? ' -r -F'
            : ''
      return `complete -c ${commandName} -f -n '__fish_seen_subcommand_from ${name}' -l ${option.name.slice(2)}${value} -d ${quotedForFish(option.description)}`
    }),
  ])
  return `# ${commandName} completion for fish. Run: ${commandName} completion fish > ~/.config/fish/completions/${commandName}.fish
${lines.join('\n')}`
}

function powershell(commands: readonly CompletedCommand[]): string {
  const list = (words: readonly string[]): string =>
    `@(${words.map((word) => `'${word.replaceAll("'", "''")}'`).join(', ')})`
  const options = commands.map(
    (command) => `    '${command.name}' = ${list(command.options.map(({ name }) => name))}`,
  )
  const values = optionsWithValues(commands).flatMap(({ name, choices }) =>
    choices === undefined ? [] : [`    '${name}' = ${list(choices)}`],
  )
  return `# ${commandName} completion for PowerShell. Add to $PROFILE: ${commandName} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ${commandName} -ScriptBlock {
  param($word, $line, $position)
  $options = @{
${options.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $words = @($line.CommandElements | ForEach-Object { $_.ToString() })
  $complete = $words.Count - [int]($word -ne '')
  if ($complete -le 1) { $candidates = $options.Keys | Sort-Object }
  elseif ($values.ContainsKey($words[$complete - 1])) { $candidates = $values[$words[$complete - 1]] }
  else { $candidates = $options[$words[1]] }
  $candidates | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_)
  }
}`
}

/** Each option that has known values, once. */
function optionsWithValues(commands: readonly CompletedCommand[]): readonly CompletedOption[] {
  const byName = new Map(
    commands
      .flatMap(({ options }) => options)
      .filter(({ choices, takesFile }) => choices !== undefined || takesFile)
      .map((option) => [option.name, option]),
  )
  return [...byName.values()]
}

/** For POSIX shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function quotedForFish(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`
}
