import { remaining } from './closure.ts'
import type { Remains } from './closure.ts'
import { licenseText } from './license.ts'
import { catalogNames, editedManifest, withLibraries, withProject } from './manifests.ts'
import { nameForms, original } from './names.ts'
import type { TemplateOptions } from './options.ts'
import { correctedLinks, prunedPage, withoutSection } from './prune-markdown.ts'
import { canRun, remainingSteps } from './prune-scripts.ts'
import type { CheckStep, CommandContext } from './prune-scripts.ts'
import {
  keptEntries,
  prunedKnip,
  prunedPatterns,
  prunedRenovate,
  prunedTurbo,
} from './prune-settings.ts'
import { prunedCatalog, prunedCi, withOverrides, withoutSite } from './prune-workflows.ts'
import { readmeText } from './readme.ts'
import { renamed } from './rename.ts'
import {
  otherNeeds,
  publishedWorkspace,
  rootDependencies,
  subjects,
  upstreamOnly,
} from './subjects.ts'
import { copyTarballs, findTarballs } from './tarballs.ts'
import { openTree } from './tree.ts'
import type { Tree } from './tree.ts'
import { readManifest, readWorkspaces } from './workspaces.ts'

const vitestSettings = 'vitest.shared.ts'
const requirements = { workspace: './packages/core/src/requirements.ts', library: '/requirements' }

/**
 * Makes a project of a working tree.
 *
 * @throws OptionError before anything is changed, if a tarball is missing.
 */
export function applyTemplate(root: string, options: TemplateOptions): void {
  const tree = openTree(root)
  const before = readWorkspaces(root)
  const remains = remaining(before, options.keep, options.packages, otherNeeds)
  const tarballs =
    options.tarballs === undefined
      ? new Map<string, string>()
      : findTarballs(options.tarballs, remains.fromRegistry)

  removeFiles(tree, remains, options)
  const overrides = copyTarballs(root, tarballs)
  pruneScripts(tree, options)
  pruneManifests(tree, remains, options)
  pruneSettings(tree, overrides)
  prunePages(tree, options)
  tree.write(
    'LICENSE',
    licenseText(
      options.license,
      options.names.displayName,
      tree.read('LICENSE'),
      new Date().getFullYear(),
    ),
  )
  renameFiles(tree, remains, options)
  const { scripts = {} } = readManifest(root)
  tree.write(
    'README.md',
    readmeText({
      options,
      workspaces: readWorkspaces(root),
      packageManager: (JSON.parse(tree.read('package.json')) as { packageManager: string })
        .packageManager,
      libraries: remains.fromRegistry,
      hasScript: (name) => name in scripts,
    }),
  )
}

function removeFiles(tree: Tree, { folders }: Remains, { keep }: TemplateOptions): void {
  const workspaces = readWorkspaces(tree.root)
  for (const { folder } of workspaces) if (!folders.has(folder)) tree.remove(folder)
  if (keep !== 'all') tree.remove('docs')
  for (const file of upstreamOnly) tree.remove(file)
  for (const file of tree.files()) {
    if (/^\.changeset\/(?!README\.md).*\.md$|(?:^|\/)CHANGELOG\.md$/.test(file)) tree.remove(file)
  }
  const hasPublished = readWorkspaces(tree.root).some(({ isPublished }) => isPublished)
  for (const [file, needs] of Object.entries(subjects)) {
    const stays = needs.every((need) =>
      need === publishedWorkspace ? hasPublished : tree.has(need),
    )
    if (!stays) tree.remove(file)
  }
}

function commandContext(tree: Tree): CommandContext {
  const workspaces = readWorkspaces(tree.root)
  return {
    hasPath: (file) => tree.has(file),
    hasPackage: (name) => workspaces.some((workspace) => workspace.name === name),
    hasTask: (name) => workspaces.some(({ scripts }) => scripts.includes(name)),
  }
}

function pruneScripts(tree: Tree, options: TemplateOptions): void {
  const context = commandContext(tree)
  tree.edit('scripts/check-steps.json', (text) => {
    const steps = remainingSteps(JSON.parse(text) as readonly CheckStep[], context)
    return `${JSON.stringify(steps, undefined, 2)}\n`
  })
  tree.edit('package.json', (text) =>
    editedManifest(text, (manifest) => ({
      ...manifest,
      description: options.names.displayName,
      scripts: keptEntries(manifest['scripts'] as Record<string, string>, (_, command) =>
        canRun(command, context),
      ),
      devDependencies: keptEntries(manifest['devDependencies'] as Record<string, string>, (name) =>
        tree.has(rootDependencies[name] ?? '.'),
      ),
    })),
  )
}

function pruneManifests(tree: Tree, { fromRegistry }: Remains, options: TemplateOptions): void {
  const project = { license: options.license, site: options.names.site }
  const manifests = [
    'package.json',
    ...readWorkspaces(tree.root).map(({ folder }) => `${folder}/package.json`),
  ]
  for (const file of manifests) {
    tree.edit(file, (text) =>
      editedManifest(text, (manifest) =>
        withLibraries(withProject(manifest, project), fromRegistry),
      ),
    )
  }
  const core = fromRegistry.find(({ folder }) => folder === 'packages/core')
  if (core === undefined) return
  // The tags of tests are the IDs of requirements, which the library exports.
  tree.edit(vitestSettings, (text) =>
    text.replace(requirements.workspace, `${core.name}${requirements.library}`),
  )
  tree.edit('package.json', (text) =>
    editedManifest(text, (manifest) => ({
      ...manifest,
      devDependencies: {
        [core.name]: `^${core.version}`,
        ...(manifest['devDependencies'] as Record<string, string>),
      },
    })),
  )
}

function pruneSettings(tree: Tree, overrides: Readonly<Record<string, string>>): void {
  const workspaces = readWorkspaces(tree.root)
  const present = {
    matches: (pattern: string) => tree.matches(pattern),
    packageNames: new Set(workspaces.map(({ name }) => name)),
    tasks: new Set(workspaces.flatMap(({ scripts }) => scripts)),
  }
  const goneDependencies = new Set(
    Object.entries(rootDependencies)
      .filter(([, file]) => !tree.has(file))
      .map(([name]) => name),
  )
  const manifests = [
    'package.json',
    ...workspaces.map(({ folder }) => `${folder}/package.json`),
  ].map((file) => tree.read(file))
  tree.edit('knip.jsonc', (text) => prunedKnip(text, present, goneDependencies))
  for (const folder of ['', ...workspaces.map((one) => `${one.folder}/`)]) {
    tree.edit(`${folder}turbo.json`, (text) => prunedTurbo(text, present))
  }
  for (const file of ['.oxlintrc.json', '.oxfmtrc.json', 'tsconfig.json']) {
    tree.edit(file, (text) => prunedPatterns(text, present))
  }
  tree.edit('renovate.json', (text) => prunedRenovate(text, present, manifests.join('\n')))
  const used = catalogNames(manifests)
  tree.edit('pnpm-workspace.yaml', (text) => {
    const pruned = prunedCatalog(text, (name) => used.has(name))
    return Object.keys(overrides).length === 0 ? pruned : withOverrides(pruned, overrides)
  })
  tree.edit('.gitignore', (text) =>
    text
      .split('\n')
      .filter(
        (line) => !/^(?:apps|docs)\//.test(line) || tree.has(line.split('/').slice(0, 2).join('/')),
      )
      .join('\n'),
  )
  const release = '.github/workflows/release.yml'
  tree.edit('.github/workflows/ci.yml', (text) =>
    prunedCi(text, (pattern) => tree.matches(pattern), tree.has(release)),
  )
  if (!tree.has('docs')) tree.edit(release, withoutSite)
}

function prunePages(tree: Tree, { license }: TemplateOptions): void {
  const { scripts = {} } = readManifest(tree.root)
  const context = {
    hasPath: (file: string) => tree.has(file),
    // pnpm's own commands.
    hasScript: (name: string) =>
      name in scripts || ['exec', 'install', 'pack', 'add'].includes(name),
  }
  tree.edit('CONTRIBUTING.md', (text) => {
    const [example = ''] = readWorkspaces(tree.root).map(({ name }) => name)
    const page = prunedPage(text.replace(/(?<=--filter=)@evergrant\/client/, example), context)
    return tree.has('packages/core') ? page : withoutSection(page, '## Where a line belongs')
  })
  for (const file of tree.files()) {
    if (!file.endsWith('.md') || file === 'README.md') continue
    tree.edit(file, (text) =>
      correctedLinks(text, file, context, original).replace(
        /\bLicense: MIT\b/,
        `License: ${license}`,
      ),
    )
  }
}

function renameFiles(tree: Tree, { fromRegistry }: Remains, { names }: TemplateOptions): void {
  const forms = nameForms({
    hasPath: (file) => tree.has(file),
    site: tree.has('docs'),
    publishedLibraries: fromRegistry.map(({ name }) => name),
  })
  for (const file of tree.files()) {
    // The license and the README name the original.
    if (file === 'LICENSE' || file === 'README.md') continue
    const text = tree.read(file)
    if (text.includes('\0')) continue
    tree.edit(file, (current) => renamed(current, names, forms))
  }
}
