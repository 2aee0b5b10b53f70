import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { expect, test } from 'vitest'

const manifest = createRequire(import.meta.url).resolve('evergrant/package.json')
const program = path.join(path.dirname(manifest), 'dist', 'main.js')

/** The user on another device: enters the code, and confirms it. The demo needs no sign-in. */
async function approve(page: string, userCode: string): Promise<string> {
  const cookies = new Map<string, string>()
  async function visit(init: RequestInit = {}): Promise<string> {
    const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(page, { ...init, headers: { cookie, accept: 'text/html' } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    return await response.text()
  }
  let text = await visit()
  for (const confirm of [{}, { confirm: 'yes' }]) {
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
    const body = new URLSearchParams({ xsrf, user_code: userCode, ...confirm })
    text = await visit({ method: 'POST', body })
  }
  return text
}

test(
  'command line: over SSH, the user signs in on another device at the reference server',
  { tags: ['C-45', 'A-14', 'C-02'], timeout: 60_000 },
  async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'evergrant-ssh-'))
    const authorizationServer = await startAuthorizationServer({
      demo: true,
      accessTokenLifetimeSeconds: 2,
    })
    const mcpServer = await startMcpServer({
      authorizationServer: authorizationServer.issuer,
      clockToleranceSeconds: 0,
    })
    const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...surroundings } = process.env
    const env = {
      ...surroundings,
      SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22',
      EVERGRANT_HOME: home,
      EVERGRANT_KEY: 'key-file',
    }
    try {
      const login = spawn(process.execPath, [program, 'login', mcpServer.url], { env })
      let said = ''
      const approved = Promise.withResolvers<string>()
      login.stderr.on('data', (chunk) => {
        said += String(chunk)
        const [, code, page] = /enter the code (\S+):\s+(\S+)\s/.exec(said) ?? []
        if (code !== undefined && page !== undefined) approved.resolve(approve(page, code))
      })
      expect(await approved.promise).toContain('You are signed in')
      expect(await once(login, 'close')).toEqual([0, null])
      const rounds = ['--repeat', '4', '--every', '1000', '--json']
      const args = [program, 'call', mcpServer.url, 'notes_list', ...rounds]
      const { stdout } = await promisify(execFile)(process.execPath, args, { env })
      const { summary } = JSON.parse(stdout)
      expect(summary).toMatchObject({ failed: 0, signIns: 0 })
      expect(summary.refreshes).toBeGreaterThan(0)
    } finally {
      await mcpServer.close()
      await authorizationServer.close()
      await rm(home, { recursive: true, force: true })
    }
  },
)
