import { homedir } from 'node:os'
import path from 'node:path'
import type { McpHost } from './host-files.ts'

/** Where files are found. */
export interface Places {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The path of the user's configuration file of a host. */
export function hostPath({ file }: McpHost, { platform, env }: Places): string {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir()
  const config = env['XDG_CONFIG_HOME'] ?? path.join(home, '.config')
  const appData = env['APPDATA'] ?? path.join(home, 'AppData', 'Roaming')
  const given = platform === 'darwin' ? file.darwin : platform === 'win32' ? file.win32 : file.linux
  const [first = '', ...rest] = given.split('/')
  const root = { '~': home, $CONFIG: config, '%APPDATA%': appData }[first] ?? first
  return path.join(root, ...rest)
}
