import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { databases, noteWithoutPostgres } from './databases.ts'
import { refresh, signInLasting, startServer, temporaryFolder } from './support.ts'

interface Answer {
  readonly status: number
  readonly refreshToken: string | undefined
  readonly error: string | undefined
}

/** A refresh on a connection of its own; rejects when the connection breaks. */
async function refreshOnce(
  port: number,
  host: string,
  clientId: string,
  refreshToken: string,
): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: refreshToken,
  }).toString()
  const sent = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/token',
    agent: false,
    headers: { host, 'content-type': 'application/x-www-form-urlencoded' },
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const answer = JSON.parse(await text(response)) as { refresh_token?: string; error?: string }
  return {
    status: response.statusCode ?? 0,
    refreshToken: answer.refresh_token,
    error: answer.error,
  }
}

/** Passes requests on and cuts the connection when the answer comes, as long as told to. */
async function cuttingProxy(target: number) {
  let cutting = true
  let cuts = 0
  const sockets = new Set<Socket>()
  const server = createServer((downstream) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [downstream, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    downstream.pipe(upstream)
    upstream.on('data', (chunk) => {
      if (cutting) {
        cuts += 1
        downstream.destroy()
        upstream.destroy()
      } else {
        downstream.write(chunk)
      }
    })
    upstream.on('end', () => downstream.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    cut(value: boolean) {
      cutting = value
    },
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test(
  '1,000 rotations whose response is lost: no grant is',
  { tags: ['A-06'], timeout: 120_000 },
  async () => {
    using folder = temporaryFolder()
    await using server = await startServer({ databasePath: folder.file('as.db') })
    const { host, port } = new URL(server.issuer)
    await using proxy = await cuttingProxy(Number(port))
    const { client, refreshToken } = await signInLasting(server)
    let held = refreshToken
    for (const _ of Array.from({ length: 1000 })) {
      proxy.cut(true)
      await expect(refreshOnce(proxy.port, host, client.client_id, held)).rejects.toThrow(
        /ECONNRESET|hang up|EPIPE/,
      )
      proxy.cut(false)
      const answer = await refreshOnce(proxy.port, host, client.client_id, held)
      expect(answer.error).toBeUndefined()
      held = answer.refreshToken ?? held
    }
    expect(proxy.cuts()).toBe(1000)
    expect(server.stats().refreshTokens).toEqual({
      issued: 1,
      notIssued: 0,
      rotated: 1000,
      replayed: 1000,
      kept: 0,
      reuseDetected: 0,
    })
    expect((await refresh(server, client, held)).refresh_token).toBeDefined()
  },
)

/** The server as a process of its own, on a port that stays the same over restarts. */
async function spawnServer(databasePath: string, port: number) {
  const main = path.join(import.meta.dirname, '..', 'src', 'main.ts')
  const child = spawn(
    process.execPath,
    ['--conditions=evergrant:source', main, 'serve', '--demo', '--json'].concat([
      // The chains below refresh without a pause, and every refresh is to rotate.
      '--overlap',
      '0',
      '--db',
      databasePath,
      '--port',
      String(port),
    ]),
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const exited = once(child, 'exit')
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(() => ['{}']),
  ])) as [string]
  const { issuer } = JSON.parse(line) as { issuer?: string }
  if (issuer === undefined) throw new Error('the server did not start')
  return {
    issuer,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

noteWithoutPostgres('kill -9 under refresh load')

test.each(databases.filter(({ available }) => available))(
  'kill -9 under refresh load on $name: no grant is lost, nothing revoked comes back',
  { tags: ['A-05', 'A-06', 'A-11'], timeout: 120_000 },
  async (kind) => {
    await using database = await kind.open()
    const databasePath = database.location
    let server = await spawnServer(databasePath, 0)
    const { host, port } = new URL(server.issuer)

    const chains = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { client, refreshToken } = await signInLasting(server)
        return { clientId: client.client_id, held: refreshToken, refreshes: 0 }
      }),
    )
    const revoked = await signInLasting(server)
    await fetch(`${server.issuer}/token/revocation`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: revoked.client.client_id,
        token: revoked.refreshToken,
      }),
    })

    const refusals: string[] = []
    for (const round of Array.from({ length: 6 }, (_, index) => index)) {
      const killing = new AbortController()
      const load = Promise.all(
        chains.map(async (chain) => {
          while (!killing.signal.aborted) {
            try {
              const answer = await refreshOnce(Number(port), host, chain.clientId, chain.held)
              if (answer.error !== undefined) refusals.push(answer.error)
              chain.held = answer.refreshToken ?? chain.held
              chain.refreshes += 1
            } catch {
              // The connection broke: what was committed is not known, the token is kept.
            }
          }
        }),
      )
      // In the middle of the work, at another place each time.
      const enough = chains.reduce((sum, chain) => sum + chain.refreshes, 0) + 40 + round * 7
      await expect
        .poll(() => chains.reduce((sum, chain) => sum + chain.refreshes, 0), {
          interval: 1,
          timeout: 30_000,
        })
        .toBeGreaterThan(enough)
      await server.kill()
      killing.abort()
      await load
      server = await spawnServer(databasePath, Number(port))
    }

    expect(refusals).toEqual([])
    for (const { clientId, held } of chains) {
      const answer = await refreshOnce(Number(port), host, clientId, held)
      expect(answer.error).toBeUndefined()
      expect(answer.refreshToken).toBeDefined()
    }
    const dead = await refreshOnce(
      Number(port),
      host,
      revoked.client.client_id,
      revoked.refreshToken,
    )
    expect(dead.error).toBe('invalid_grant')
    await server.kill()
  },
)
