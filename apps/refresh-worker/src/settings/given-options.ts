import { showRemote } from '@evergrant/core'
import type { CliEnvironment } from '../lib/environment.ts'
import { WorkerError } from '../lib/errors.ts'
import { variableOf } from './option-table.ts'

/** What an option was set to. */
export interface GivenOption {
  /** The flag or the variable, for messages. */
  readonly source: string
  readonly isFlag: boolean
  readonly values: readonly string[]
}

/** Finds what an option was set to. A flag takes precedence over its variable. */
export type GivenOptions = (name: string) => GivenOption | undefined

/** @param flags - By the name of the option: a text, several, or `true` for a switch. */
export function givenOptions(
  flags: Readonly<Record<string, unknown>>,
  env: CliEnvironment['env'],
): GivenOptions {
  return (name) => {
    const flag = flags[name]
    if (flag !== undefined) {
      return { source: `--${name}`, isFlag: true, values: [flag].flat().map(String) }
    }
    const variable = env[variableOf(name)]
    if (variable === undefined || variable === '') return undefined
    return { source: variableOf(name), isFlag: false, values: [variable] }
  }
}

export function textOf(given: GivenOptions, name: string): string | undefined {
  return given(name)?.values[0]
}

/** All values. A variable separates them with commas. */
export function listOf(given: GivenOptions, name: string): readonly string[] {
  const option = given(name)
  if (option === undefined) return []
  const { values, isFlag } = option
  return isFlag ? values : values.flatMap((one) => one.split(',')).map((one) => one.trim())
}

/** @throws WorkerError `OPTION_INVALID` */
export function switchOf(given: GivenOptions, name: string): boolean {
  const option = given(name)
  if (option === undefined) return false
  const [value = ''] = option.values
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw invalidOption(option, 'true or false')
}

/** @throws WorkerError `OPTION_INVALID` unless it is a whole number from `minimum` to `maximum` */
export function wholeNumberOf(
  given: GivenOptions,
  name: string,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
): number | undefined {
  const option = given(name)
  if (option === undefined) return undefined
  const [text = ''] = option.values
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= minimum && value <= maximum) return value
  throw invalidOption(option, `a whole number from ${minimum} to ${maximum}`)
}

/** @throws WorkerError `OPTION_INVALID` unless it is a number above 0 */
export function positiveNumberOf(given: GivenOptions, name: string): number | undefined {
  const option = given(name)
  if (option === undefined) return undefined
  const [text = ''] = option.values
  if (/^\d{1,9}(?:\.\d{1,6})?$/.test(text) && Number(text) > 0) return Number(text)
  throw invalidOption(option, 'a number above 0')
}

/** @throws WorkerError `OPTION_INVALID` unless it is one of the choices */
export function choiceOf<Choice extends string>(
  given: GivenOptions,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const option = given(name)
  if (option === undefined) return undefined
  const choice = choices.find((one) => one === option.values[0])
  if (choice !== undefined) return choice
  throw invalidOption(option, choices.join(' or '))
}

/** The error for a value. Do not use it for URLs, which can contain a password. */
export function invalidOption({ source, values }: GivenOption, expected: string): WorkerError {
  return new WorkerError(
    'OPTION_INVALID',
    `${source} cannot be used: it is ${showRemote(values[0] ?? '', 60)} (expected ${expected}). Correct it.`,
  )
}
