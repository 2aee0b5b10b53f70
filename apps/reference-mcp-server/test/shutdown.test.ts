import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { sendRaw, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { call, startNotes } from './notes.ts'
import type { NotesSetup } from './notes.ts'

/** Sends a call whose body is complete only when `finish` is called. */
async function stalledCall(setup: NotesSetup) {
  const body = JSON.stringify(call('notes_list'))
  const { host } = new URL(setup.server.url)
  const { socket, answer } = sendRaw(
    setup.server.url,
    [
      'POST /mcp HTTP/1.1',
      `Host: ${host}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Authorization: Bearer ${await setup.token('mcp:read')}`,
      `Content-Length: ${body.length}`,
      'Expect: 100-continue',
    ],
    '',
  )
  // The server has the request, and asks for its body.
  await once(socket, 'data')
  return { answer, socket, finish: () => void socket.write(body) }
}

test('close: lets a request under way finish, and accepts no other', async () => {
  await using setup = await startNotes({ shutdownTimeoutMilliseconds: 60_000 })
  const underWay = await stalledCall(setup)
  const closing = setup.server.close()
  await expect(fetch(setup.server.url)).rejects.toThrow('fetch failed')
  const received = collect(underWay.socket)
  underWay.finish()
  await closing
  expect(await received).toMatch(/^HTTP\/1\.1 200 [^]*"notes":\[\]/)
})

test('close: interrupts a request that takes too long', async () => {
  await using setup = await startNotes({ shutdownTimeoutMilliseconds: 1 })
  const underWay = await stalledCall(setup)
  const received = collect(underWay.socket)
  await setup.server.close()
  expect(await received).toBe('')
})

test('close: does not wait for a subscription', async () => {
  await using setup = await startNotes({ shutdownTimeoutMilliseconds: 600_000 })
  const response = await fetch(setup.server.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await setup.token('mcp:read')}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: {
        notifications: { toolsListChanged: true },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  await setup.server.close()
  // The server ended the stream with a result.
  expect(await response.text()).toContain('"resultType":"complete"')
})

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
  'serve: runs as a process until %s stops it',
  async (signal) => {
    await using as = await startScriptedAuthorizationServer()
    const { child, url } = await spawnServer(as.issuer)
    expect((await fetch(url)).status).toBe(401)
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([0, null])
  },
)

test.skipIf(process.platform === 'win32')(
  'serve: a second signal ends the process immediately',
  async () => {
    await using as = await startScriptedAuthorizationServer()
    const { child, url } = await spawnServer(as.issuer, '--shutdown-timeout=600')
    const token = await as.signAccessToken({ scope: 'mcp:read', resource: url })
    const { socket } = sendRaw(
      url,
      [
        'POST /mcp HTTP/1.1',
        `Host: ${new URL(url).host}`,
        'Content-Type: application/json',
        `Authorization: Bearer ${token}`,
        'Content-Length: 1000',
        'Expect: 100-continue',
      ],
      '',
    )
    await once(socket, 'data')
    child.kill('SIGTERM')
    // It has stopped listening, so it has handled the first signal, and waits for the request.
    await untilRefused(url)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM'])
    socket.destroy()
  },
)

async function untilRefused(url: string): Promise<void> {
  for (;;) {
    try {
      await (await fetch(url)).body?.cancel()
    } catch {
      return
    }
  }
}

async function collect(socket: NodeJS.ReadableStream): Promise<string> {
  let received = ''
  socket.on('data', (chunk: Buffer | string) => void (received += String(chunk)))
  await once(socket, 'close')
  return received
}

async function spawnServer(
  issuer: string,
  ...flags: readonly string[]
): Promise<{ child: ChildProcess; url: string }> {
  const main = path.join(import.meta.dirname, '..', 'src', 'main.ts')
  const args = ['--conditions=workspace:source', main, 'serve', '--json', ...flags]
  const child = spawn(process.execPath, [...args, '--authorization-server', issuer], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(child.stdout, 'data')
  const { url } = JSON.parse(String(line))
  return { child, url: String(url) }
}
