/** Removes from workflows of GitHub what is about folders that are gone. */
import { isMap, isSeq, parseDocument } from 'yaml'
import type { Document } from 'yaml'

type Matches = (pattern: string) => boolean

/**
 * The workflow of CI: the files that it uploads.
 *
 * @param isCalled - Whether the release workflow still calls it on the main branch.
 */
export function prunedCi(text: string, matches: Matches, isCalled: boolean): string {
  const workflow = parseDocument(text)
  const steps = workflow.getIn(['jobs', 'everything', 'steps'])
  if (isSeq(steps)) {
    steps.items = steps.items.filter((step) => {
      if (!isMap(step) || !String(step.get('uses')).startsWith('actions/upload-artifact'))
        return true
      const files = String(step.getIn(['with', 'path']))
        .trim()
        .split('\n')
      const left = files.filter((file) => matches(workspaceOf(file)))
      step.setIn(['with', 'path'], `${left.join('\n')}\n`)
      return left.length > 0
    })
  }
  if (!isCalled) {
    workflow.deleteIn(['on', 'workflow_call'])
    workflow.setIn(['on', 'push'], { branches: ['main'] })
  }
  const printed = print(workflow)
  return isCalled ? printed : printed.replace(/^# The release workflow calls this .*\n/m, '')
}

/** The release workflow, without the job that publishes the site. */
export function withoutSite(text: string): string {
  const workflow = parseDocument(text)
  workflow.deleteIn(['jobs', 'site'])
  if (workflow.commentBefore !== null && workflow.commentBefore !== undefined) {
    workflow.commentBefore = withoutSiteSentence(workflow.commentBefore)
  }
  return withoutSiteSentence(print(workflow))
}

function withoutSiteSentence(text: string): string {
  return text.replace(' The site follows main.', '')
}

/** The catalog of `pnpm-workspace.yaml`, without entries that no manifest uses. */
export function prunedCatalog(text: string, isUsed: (name: string) => boolean): string {
  const settings = parseDocument(text)
  const catalog = settings.get('catalog')
  if (isMap(catalog)) {
    catalog.items = catalog.items.filter(({ key }) => isUsed(String(key)))
  }
  return print(settings)
}

/** Adds tarballs that are used instead of the registry. */
export function withOverrides(text: string, overrides: Readonly<Record<string, string>>): string {
  const settings = parseDocument(text)
  settings.set('overrides', settings.createNode(overrides))
  const node = settings.get('overrides', true) as { commentBefore?: string }
  node.commentBefore = ' Remove this, and the folder, when the packages are on npm.'
  return print(settings)
}

function workspaceOf(file: string): string {
  return file.trim().split('/').slice(0, 2).join('/')
}

function print(document: Document): string {
  return document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false })
}
