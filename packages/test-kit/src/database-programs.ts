import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import process from 'node:process'

/** The full path of a database program, or `undefined` if it is not installed. */
export function findDatabaseProgram(name: string): string | undefined {
  const file = process.platform === 'win32' ? `${name}.exe` : name
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter)
  // Debian puts neither PostgreSQL's server programs nor, for users, PgBouncer on PATH.
  return [...postgresFolders(), ...onPath, '/usr/sbin']
    .map((folder) => path.join(folder, file))
    .find(isExecutable)
}

/** The folders of PostgreSQL's server programs. The newest first. */
function postgresFolders(): string[] {
  return ['/usr/lib/postgresql', 'C:\\Program Files\\PostgreSQL'].flatMap((root) =>
    existsSync(root)
      ? readdirSync(root)
          .toSorted((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
          .map((version) => path.join(root, version, 'bin'))
      : [],
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Whether this process is root, as which PostgreSQL and PgBouncer refuse to run. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** The user that the package of PostgreSQL creates, or `undefined` if there is none. */
export function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] })),
    )
    return uid === undefined || gid === undefined ? undefined : { uid, gid }
  } catch {
    return undefined
  }
}

/** Whether a server accepts connections at a port of loopback. */
export async function acceptsConnections(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
