import { execFileSync } from 'node:child_process'
import path from 'node:path'
import type { NodeRelease } from './check.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** The oldest supported Node.js and the current one, which the workspace installs from npm. */
export function nodeReleases(): readonly NodeRelease[] {
  return ['tests/oldest-node', '.'].map((folder) => {
    const program = path.join(root, folder, 'node_modules/node/bin/node')
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().slice(1)
    return { version, program }
  })
}
