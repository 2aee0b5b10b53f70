import { createSession } from '@evergrant/client'
import { memoryStore } from '@evergrant/client/stores/memory'
import { resource } from '../server/mcp-server.ts'

let loading: Promise<unknown> | undefined

/**
 * Loads what `@evergrant/client` otherwise loads at its first sign-in. Virtual time waits for
 * promises, but not for files.
 */
export async function loadOurClient(): Promise<void> {
  // Reading the status of a session uses the part that signs in, and sends no request.
  loading ??= createSession(resource, {
    store: memoryStore(),
    client: { name: 'Simulated host' },
  }).status()
  await loading
}
