import { randomBytes } from 'node:crypto'
import diagnostics from 'node:diagnostics_channel'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../src/fetch.ts'
import type { Session, SessionOptions } from '../src/index.ts'
import { diagnosticsChannelName } from '../src/index.ts'
import { fileStore } from '../src/stores/file.ts'
import type { Scene } from './support/signed-in-session.ts'
import { scene } from './support/signed-in-session.ts'

/** Every fault a token endpoint can show, one after the other, each followed by a rescue. */
const faults = [
  { kind: 'status', status: 503, body: 'no' },
  { kind: 'html' },
  { kind: 'reset' },
  { kind: 'empty-400' },
  { kind: 'oauth-error', error: 'invalid_target', description: 'no such resource' },
  { kind: 'oauth-error', error: 'invalid_client' },
  { kind: 'merge', fields: { token_type: 'mac' } },
  { kind: 'merge', fields: { access_token: 42 } },
  { kind: 'redirect', location: 'https://elsewhere.test/token' },
] as const

/** Watches all the secrets that the servers have seen or made up to now. */
function watchSecrets(canaries: ReturnType<typeof createCanaries>, it: Scene): void {
  for (const { form } of it.as.requests) {
    for (const name of ['code', 'code_verifier', 'refresh_token', 'token']) {
      const value = form[name]
      if (value !== undefined) canaries.watch(name, value)
    }
  }
  for (const token of it.server.acceptedTokens) canaries.watch('access token', token)
  for (const { id } of it.as.grants()) {
    for (const token of it.as.liveRefreshTokens(id)) canaries.watch('refresh token', token)
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(path.join(entry.parentPath, entry.name), 'latin1')),
  )
}

test(
  'no token, code, verifier or secret shows in any error, event, log, file or URL, whatever goes wrong',
  { tags: ['C-06'] },
  async () => {
    await using it = await scene()
    const canaries = createCanaries()
    const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-canaries-'))
    const store = await fileStore(folder, { key: randomBytes(32) })
    const heard: string[] = []
    const hear = (message: unknown): void => {
      heard.push(inspect(message, { depth: 20 }))
    }
    diagnostics.subscribe(diagnosticsChannelName, hear)
    const clientSecret = canaries.secret('client secret')
    const preRegistered = { [it.as.issuer]: { clientId: 'client-1', clientSecret } }

    function session(more: Partial<SessionOptions> = {}): Session {
      return it.session({ store, observe: hear, refresh: { patienceSeconds: 0 }, ...more })
    }
    async function attempt(work: () => Promise<unknown>): Promise<void> {
      try {
        hear(await work())
      } catch (error) {
        hear(error)
        heard.push(
          String(error),
          JSON.stringify(error),
          error instanceof Error ? (error.stack ?? '') : '',
        )
      }
    }

    for (const fault of faults) {
      const current = session()
      await attempt(() => current.signIn({ anew: true }))
      await attempt(async () => (await authorizedFetch(current)(it.server.resource)).status)
      it.clock.advanceSeconds(1000)
      it.as.faults.token.push(fault)
      await attempt(async () => (await authorizedFetch(current)(it.server.resource)).status)
      it.clock.advanceSeconds(100)
      it.as.faults.token.push(fault)
      await attempt(() => current.signIn({ anew: true }))
      await attempt(() => current.status())
    }
    const confidential = session({ client: { name: 'confidential', preRegistered } })
    it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_client' })
    await attempt(() => confidential.signIn({ anew: true }))
    await attempt(() => session().signIn({ anew: true }))
    it.as.faults.revoke.push({ kind: 'reset' })
    await attempt(() => session().signOut())

    diagnostics.unsubscribe(diagnosticsChannelName, hear)
    watchSecrets(canaries, it)
    const forms = it.as.requests.map(({ form }) => inspect(form))
    expect(() => canaries.expectNoCanary(forms)).toThrow('holds the secret')
    const urls = it.as.requests.map(
      ({ path: requested, query }) => `${requested} ${inspect(query)}`,
    )
    const files = await filesBelow(folder)
    await rm(folder, { recursive: true, force: true })
    expect(heard.length).toBeGreaterThan(50)
    expect(files.length).toBeGreaterThan(3)
    canaries.expectNoCanary([...heard, ...urls, ...files])
  },
)
