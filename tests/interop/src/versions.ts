import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** The installed version of a package. Not every package exports its manifest. */
export async function installedVersion(name: string): Promise<string> {
  const manifest = path.join(import.meta.dirname, '..', 'node_modules', name, 'package.json')
  const content: unknown = JSON.parse(await readFile(manifest, 'utf8'))
  return typeof content === 'object' && content !== null && 'version' in content
    ? String(content.version)
    : 'unknown'
}
