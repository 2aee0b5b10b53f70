/**
 * Writes the API report of each entry point of each published package: its public types, as a
 * consumer sees them. A changed report shows in review that the public surface changed. With
 * `--check`, only reports whether they are up to date. Build the packages first.
 *
 *     node scripts/api-reports.ts [--check]
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
} from '@microsoft/api-extractor'

const root = path.resolve(import.meta.dirname, '..')
const isCheck = process.argv.includes('--check')
const work = mkdtempSync(path.join(tmpdir(), 'evergrant-api-'))

interface Manifest {
  readonly private?: boolean
  readonly exports: Readonly<Record<string, string | { readonly types?: string }>>
}

try {
  for (const name of readdirSync(path.join(root, 'packages'))) reportPackage(name)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function reportPackage(name: string): void {
  const folder = path.join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
  if (manifest.private === true) return
  mkdirSync(path.join(folder, 'api'), { recursive: true })
  const configurations = Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string' || target.types === undefined) return []
    const entry = subpath === '.' ? 'index' : subpath.slice('./'.length).replaceAll('/', '-')
    return [configurationOf(folder, entry, path.join(folder, target.types))]
  })
  const [first, ...others] = configurations
  if (first === undefined) return
  // One program for all entry points: it is what takes the time.
  const compilerState = CompilerState.create(first, {
    additionalEntryPoints: others.map((one) => one.mainEntryPointFilePath),
  })
  for (const configuration of configurations) report(configuration, compilerState)
  removeStale(
    path.join(folder, 'api'),
    new Set(configurations.map((one) => path.basename(one.reportFilePath))),
  )
}

function configurationOf(folder: string, entry: string, declarations: string): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: declarations,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            moduleResolution: 'nodenext',
            target: 'es2023',
            lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'],
            types: ['node'],
            skipLibCheck: true,
          },
          include: [declarations],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: entry,
        reportFolder: path.join(folder, 'api'),
        reportTempFolder: path.join(work, path.basename(folder)),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      // The report lists what is public. Comments are checked by the build of the site.
      messages: {
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  })
}

function report(configuration: ExtractorConfig, compilerState: CompilerState): void {
  const { apiReportChanged, errorCount } = Extractor.invoke(configuration, {
    compilerState,
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error
    },
  })
  if (errorCount > 0) process.exitCode = 1
  if (isCheck && apiReportChanged) {
    const name = path.relative(root, configuration.reportFilePath)
    process.stderr.write(`${name} is out of date. Run: pnpm api-reports\n`)
    process.exitCode = 1
  }
}

/** Reports of entry points that no longer exist. */
function removeStale(folder: string, written: ReadonlySet<string>): void {
  if (!existsSync(folder)) return
  for (const file of readdirSync(folder).filter((name) => !written.has(name))) {
    if (isCheck) {
      process.stderr.write(`${path.join(folder, file)} belongs to no entry point.\n`)
      process.exitCode = 1
    } else {
      rmSync(path.join(folder, file))
    }
  }
}
