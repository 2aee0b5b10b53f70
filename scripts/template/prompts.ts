import { cancel, intro, isCancel, multiselect, select, text } from '@clack/prompts'
import { derivedFrom, nameProblem } from './options.ts'
import type { Given } from './options.ts'

/** The user ended the questions. */
class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

/**
 * Asks for what was not given.
 *
 * @param apps - The folders in `apps/`, with a description.
 * @returns The given values and the answers, or `undefined` if the user cancelled.
 */
export async function ask(
  given: Given,
  apps: Readonly<Record<string, string>>,
): Promise<Given | undefined> {
  intro('Your own project, from this clone')
  try {
    return await answersFor(given, apps)
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    cancel('Nothing was changed.')
    return undefined
  }
}

async function answersFor(given: Given, apps: Readonly<Record<string, string>>): Promise<Given> {
  const name = given.name ?? (await askText('Name of the project', '', nameProblem))
  const derived = derivedFrom(name)
  const scope = given.scope ?? (await askText('npm scope', `@${name}`))
  const owner = scope.replace(/^@/, '')
  const display = given['display-name'] ?? (await askText('Display name', derived.displayName))
  const environment =
    given['env-prefix'] ??
    (await askText('Prefix of environment variables', derived.environmentPrefix))
  const prefix = given.prefix ?? (await askText('Prefix of tables and metrics', derived.prefix))
  const license =
    given.license ?? (await askText('License: SPDX identifier or UNLICENSED', 'UNLICENSED'))
  const repository =
    given.repository ?? (await askText('Repository', `https://github.com/${owner}/${name}`))
  const site = given.site ?? (await askText('Home page', repository))
  const keep = given.keep ?? (await askKeep(apps))
  const packages = given.packages ?? (keep === 'all' ? 'workspace' : await askPackages())
  return {
    ...given,
    name,
    scope,
    'display-name': display,
    'env-prefix': environment,
    prefix,
    license,
    repository,
    site,
    keep,
    packages,
  }
}

async function askText(
  message: string,
  initialValue: string,
  problem: (value: string) => string | undefined = () => undefined,
): Promise<string> {
  const answer = await text({
    message,
    initialValue,
    validate: (value) => problem(value ?? ''),
  })
  if (isCancel(answer)) throw new Cancelled()
  return answer
}

async function askKeep(apps: Readonly<Record<string, string>>): Promise<string> {
  const everything = 'all'
  const choices = Object.entries(apps).filter(([app]) => app !== 'docs')
  const answer = await multiselect({
    message: 'What do you keep? Space selects.',
    options: [
      { value: everything, label: 'everything', hint: 'the documentation site too' },
      ...choices.map(([app, description]) => ({ value: app, label: app, hint: description })),
    ],
  })
  if (isCancel(answer)) throw new Cancelled()
  return answer.includes(everything) ? everything : answer.join(',')
}

async function askPackages(): Promise<string> {
  const answer = await select({
    message: 'Where do the libraries come from?',
    options: [
      { value: 'workspace', label: 'this workspace', hint: 'you can change them' },
      { value: 'published', label: 'npm', hint: 'you update them' },
    ],
  })
  if (isCancel(answer)) throw new Cancelled()
  return answer
}
