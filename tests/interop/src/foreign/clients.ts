import path from 'node:path'
import { sourceFolder } from './cache.ts'
import { prepareGo } from './go.ts'
import { preparePython } from './python.ts'
import { prepareRust } from './rust.ts'

/** An MCP client in another language. */
export interface ForeignClient {
  /** The name of its package, with the version that its manifest pins. */
  readonly title: string
  /** Downloads and builds it. Returns the command that starts it. */
  readonly prepare: () => Promise<readonly string[]>
  /** Some clients refresh ten seconds before the expiry, so a short life would be no life. */
  readonly accessTokenLifetimeSeconds: number
  /** Its download or build is slow, so it runs with `--slow` only. */
  readonly isSlow: boolean
}

/** The foreign clients, by the name of their source folder. */
export const foreignClients: Readonly<Record<string, ForeignClient>> = {
  'python-client': {
    title: 'mcp 2.3.0 (Python)',
    prepare: async () => [
      await preparePython('python-client'),
      path.join(sourceFolder('python-client'), 'client.py'),
    ],
    accessTokenLifetimeSeconds: 6,
    isSlow: false,
  },
  'go-client': {
    title: 'go-sdk 1.8.0 (Go)',
    prepare: async () => [await prepareGo('go-client', ['main.go'])],
    // It refreshes ten seconds before the expiry.
    accessTokenLifetimeSeconds: 16,
    isSlow: false,
  },
  'rust-client': {
    title: 'rmcp 3.11.0 (Rust)',
    prepare: async () => [await prepareRust('rust-client')],
    accessTokenLifetimeSeconds: 6,
    isSlow: true,
  },
}
