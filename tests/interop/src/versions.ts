import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** The version of a package as it is installed here; not every package lets its manifest be imported. */
export async function installedVersion(name: string): Promise<string> {
  const manifest = path.join(import.meta.dirname, '..', 'node_modules', name, 'package.json')
  const content: unknown = JSON.parse(await readFile(manifest, 'utf8'))
  return typeof content === 'object' && content !== null && 'version' in content
    ? String(content.version)
    : 'unknown'
}
