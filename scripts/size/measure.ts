import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import type { OutputChunk } from 'rolldown'
import type { SizeRow } from './rows.ts'

const root = path.resolve(import.meta.dirname, '..', '..')

/** The members of a manifest that are read here. */
interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly publishConfig: {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  }
}

/** Bytes of files as a server sends them: minified, each compressed with gzip. */
export interface Size {
  /** The files that the program loads when it starts. */
  readonly initialBytes: number
  /** The files that it loads at the first use of what is in them. */
  readonly onDemandBytes: number
}

/** The dependencies that an installation of a library always brings. */
export function dependenciesOf(library: string): readonly string[] {
  const { dependencies, optionalDependencies } = manifestOf(library)
  return Object.keys({ ...dependencies, ...optionalDependencies })
}

/**
 * Bundles a program that imports from the built library, for browsers and with all dependencies. The
 * peers that a program installs itself are left out, and so are modules of Node.js.
 */
export async function measure({ library, imports }: SizeRow): Promise<Size> {
  const manifest = manifestOf(library)
  const peers = Object.keys(manifest.peerDependencies ?? {})
  const program = programOf(library, manifest, imports)
  const bundle = await rolldown({
    input: 'size:program',
    platform: 'browser',
    logLevel: 'silent',
    external: (id) =>
      id.startsWith('node:') || peers.some((peer) => id === peer || id.startsWith(`${peer}/`)),
    plugins: [
      {
        name: 'program',
        resolveId: (id) => (id === 'size:program' ? id : undefined),
        load: (id) => (id === 'size:program' ? program : undefined),
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true })
  await bundle.close()
  const chunks = output.filter((file) => file.type === 'chunk')
  const initial = withImports(chunks)
  return {
    initialBytes: compressed(chunks.filter(({ fileName }) => initial.has(fileName))),
    onDemandBytes: compressed(chunks.filter(({ fileName }) => !initial.has(fileName))),
  }
}

function manifestOf(library: string): Manifest {
  const file = path.join(root, 'packages', library, 'package.json')
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}

/** An application has no exports. With exports, bundlers split their files in another way. */
function programOf(library: string, manifest: Manifest, imports: SizeRow['imports']): string {
  const used: string[] = []
  const lines = Object.entries(imports).map(([entry, names], index) => {
    const target = manifest.publishConfig.exports[entry]
    if (target === undefined || typeof target === 'string') {
      throw new Error(`packages/${library} has no entry ${entry}. Correct scripts/size/rows.ts.`)
    }
    const file = JSON.stringify(path.join(root, 'packages', library, target.default))
    if (names.length === 0) {
      used.push(`all${index}`)
      return `import * as all${index} from ${file}`
    }
    used.push(...names)
    return `import { ${names.join(', ')} } from ${file}`
  })
  return [...lines, `globalThis.used = [${used.join(', ')}]`].join('\n')
}

/** The names of the first file and of all that it imports statically. */
function withImports(chunks: readonly OutputChunk[]): ReadonlySet<string> {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const names = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
  // A set also visits the names that are added in the loop.
  for (const name of names) for (const other of byName.get(name)?.imports ?? []) names.add(other)
  return names
}

function compressed(chunks: readonly OutputChunk[]): number {
  return chunks.reduce((bytes, { code }) => bytes + gzipSync(code, { level: 9 }).length, 0)
}
