import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { systemClock } from '@evergrant/client'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { startTinyMcpServer } from './mcp-server.ts'
import { openSession } from './peers/ours.ts'
import type { PeerName } from './peers/peer.ts'
import type { PeerAnswer, PeerCommand } from './peers/process.ts'
import { table } from './report.ts'

const program = path.join(import.meta.dirname, 'peers', 'process.ts')
const lifetimeSeconds = 3600
const scope = 'mcp:read offline_access'

const names: Readonly<Record<PeerName, string>> = {
  ours: 'Evergrant',
  'sdk-v1': 'MCP SDK 1.x',
  'sdk-v2': 'MCP SDK 2.x',
}
const peers: readonly PeerName[] = ['ours', 'sdk-v1', 'sdk-v2']

/**
 * Many concurrent calls meet one expiry at a server that rotates refresh tokens and revokes the family
 * on reuse: how many refresh requests they cause, and how many calls fail. Sets exit code 1 when
 * Evergrant sends more than one refresh or loses a call.
 */
export async function benchOneExpiry(): Promise<void> {
  const head = ['', 'concurrent calls', 'refresh POSTs', 'lost calls', 'prompts the user', 'grant']
  for (const [title, cases] of [
    ['One expiry, one process', [1, 10, 50, 500].map((calls) => ({ processes: 1, calls }))],
    [
      'One expiry, processes that share a store',
      [1, 2, 4, 8].map((processes) => ({ processes, calls: 8 })),
    ],
  ] as const) {
    const rows: string[][] = []
    for (const peer of peers) {
      for (const { processes, calls } of cases) {
        const seen = await meetExpiry(peer, processes, calls)
        if (peer === 'ours' && (seen.refreshRequests !== 1 || seen.lostCalls > 0)) {
          process.exitCode = 1
        }
        rows.push([
          names[peer],
          processes === 1 ? String(calls) : `${processes} × ${calls}`,
          String(seen.refreshRequests),
          `${seen.lostCalls} of ${processes * calls}`,
          String(seen.signIns),
          seen.alive ? 'alive' : 'dead',
        ])
      }
    }
    table(title, head, rows)
  }
}

async function meetExpiry(
  peer: PeerName,
  processes: number,
  calls: number,
): Promise<PeerAnswer & { readonly refreshRequests: number; readonly alive: boolean }> {
  let offsetSeconds = 0
  const clock = { nowEpochSeconds: () => Date.now() / 1000 + offsetSeconds }
  await using as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: lifetimeSeconds,
    rotation: 'rotate',
    familyRevocation: true,
  })
  await using mcp = await startTinyMcpServer(as.issuer, clock)
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-bench-'))
  const children: ChildProcess[] = []
  try {
    await signIn(peer, as, mcp.url, folder)
    for (let index = 0; index < processes; index += 1) {
      // The SDKs print a warning on stderr for each lost call.
      const child = fork(program, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
      children.push(child)
      await ask(child, {
        do: 'connect',
        settings: { peer, serverUrl: mcp.url, issuer: as.issuer, folder },
      })
    }
    // A client requests a stream after it has connected. That request must not meet the expiry.
    await mcp.streamsRefused(processes)
    offsetSeconds = lifetimeSeconds
    const answers = await Promise.all(
      children.map((child) => ask(child, { do: 'call', calls, clockOffsetSeconds: offsetSeconds })),
    )
    return {
      refreshRequests: as.refreshRequests(),
      alive: as.isGrantAlive(),
      lostCalls: answers.reduce((sum, { lostCalls }) => sum + lostCalls, 0),
      signIns: answers.reduce((sum, { signIns }) => sum + signIns, 0),
    }
  } finally {
    for (const child of children) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    await rm(folder, { recursive: true, force: true })
  }
}

/** Stores a grant: by a sign-in for Evergrant, in the file of the provider for the SDKs. */
async function signIn(
  peer: PeerName,
  as: ScriptedAuthorizationServer,
  serverUrl: string,
  folder: string,
): Promise<void> {
  if (peer === 'ours') {
    const { session } = await openSession({ serverUrl, folder }, systemClock)
    await session.signIn()
    return
  }
  const issued = await as.issueGrant({ clientId: 'client-1', scope, resource: serverUrl })
  const tokens = {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    expires_in: issued.expiresInSeconds,
    refresh_token: issued.refreshToken,
    scope,
    issuer: as.issuer,
  }
  await writeFile(path.join(folder, 'tokens.json'), JSON.stringify(tokens))
}

async function ask(child: ChildProcess, command: PeerCommand): Promise<PeerAnswer> {
  const answered = once(child, 'message')
  const died = once(child, 'exit').then(() => {
    throw new Error('A process of the comparison exited before it answered.')
  })
  // The process exits at the end, when no answer is expected.
  died.catch(() => undefined)
  child.send(command)
  const [answer] = await Promise.race([answered, died])
  return answer as PeerAnswer
}
