import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { expect, test } from 'vitest'

const manifest = createRequire(import.meta.url).resolve('evergrant/package.json')
const program = path.join(path.dirname(manifest), 'dist', 'main.js')

/** The demo's servers, and terminals that share one home folder. */
async function startTestbed() {
  const home = await mkdtemp(path.join(tmpdir(), 'evergrant-terminals-'))
  const authorizationServer = await startAuthorizationServer({
    demo: true,
    accessTokenLifetimeSeconds: 2,
  })
  const mcpServer = await startMcpServer({
    authorizationServer: authorizationServer.issuer,
    clockToleranceSeconds: 0,
  })
  const running = new Set<ChildProcess>()

  function terminal(...parameters: string[]) {
    const child = spawn(process.execPath, [program, ...parameters, '--json'], {
      env: { ...process.env, EVERGRANT_HOME: home, EVERGRANT_KEY: 'key-file' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8')
    })
    let stderr = ''
    const working = Promise.withResolvers<void>()
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
      if (stderr.includes('round 1:')) working.resolve()
    })
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>(
      (resolve) => {
        child.once('close', (code) => {
          running.delete(child)
          resolve({ code, stdout, stderr })
        })
      },
    )
    return {
      child,
      ended,
      /** Resolves after the first round of calls, or when the program ends. */
      working: Promise.race([working.promise, ended]),
    }
  }

  return {
    url: mcpServer.url,
    terminal,
    signIns: () => authorizationServer.stats().signIns,
    refreshes: () => authorizationServer.stats().tokenRequests['refresh_token'] ?? {},
    async [Symbol.asyncDispose]() {
      for (const child of running) child.kill('SIGKILL')
      await mcpServer.close()
      await authorizationServer.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}

function repeated(url: string): string[] {
  return [
    'call',
    url,
    'notes_list',
    '--headless',
    '--parallel',
    '4',
    '--repeat',
    '24',
    '--every',
    '250',
  ]
}

test(
  'command line: two terminals with continuous calls share one sign-in, and no refresh is refused',
  { tags: ['C-51', 'C-52'] },
  async () => {
    await using testbed = await startTestbed()
    const ends = await Promise.all([
      testbed.terminal(...repeated(testbed.url)).ended,
      testbed.terminal(...repeated(testbed.url)).ended,
    ])
    for (const { code, stdout, stderr } of ends) {
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toMatchObject({ summary: { failed: 0, cancelled: 0 } })
    }
    expect(testbed.signIns()).toBe(1)
    expect(Object.keys(testbed.refreshes())).toEqual(['success'])
  },
)

test(
  'command line: killing one terminal at random moments causes no failed call and no sign-in in the other',
  { tags: ['C-51', 'C-52'] },
  async () => {
    await using testbed = await startTestbed()
    expect(await testbed.terminal('login', testbed.url, '--headless').ended).toMatchObject({
      code: 0,
    })
    const staying = testbed.terminal(...repeated(testbed.url))
    for (let round = 0; round < 6; round += 1) {
      const victim = testbed.terminal(...repeated(testbed.url))
      await victim.working
      // Calls four times a second with a token lifetime of two seconds: every moment is busy.
      await new Promise((resolve) => {
        setTimeout(resolve, Math.random() * 900)
      })
      victim.child.kill('SIGKILL')
      await victim.ended
    }
    const { code, stdout, stderr } = await staying.ended
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ summary: { failed: 0, cancelled: 0 } })
    expect(testbed.signIns()).toBe(1)
  },
)
