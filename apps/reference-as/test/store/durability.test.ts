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
import { databases, noteWithoutPostgres } from '../databases.ts'
import { refresh, signInWithRefreshToken, startServer, temporaryFolder } from '../support.ts'

interface Answer {
  readonly status: number
  readonly refreshToken: string | undefined
  readonly error: string | undefined
}

/** A form sent on a separate connection. Rejects when the connection breaks. */
async function send(
  port: number,
  host: string,
  endpoint: string,
  form: Record<string, string>,
): Promise<{ readonly status: number; readonly body: string }> {
  const sent = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: endpoint,
    agent: false,
    headers: { host, 'content-type': 'application/x-www-form-urlencoded' },
  })
  sent.end(new URLSearchParams(form).toString())
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}

/** A refresh on a separate connection. Rejects when the connection breaks. */
async function refreshOnce(
  port: number,
  host: string,
  clientId: string,
  refreshToken: string,
): Promise<Answer> {
  const { status, body } = await send(port, host, '/token', {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: refreshToken,
  })
  const answer = JSON.parse(body) as { refresh_token?: string; error?: string }
  return { status, refreshToken: answer.refresh_token, error: answer.error }
}

/** Forwards requests and, while enabled, cuts the connection when the response arrives. */
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
  'durability: 1,000 rotations with lost responses lose no grant',
  { tags: ['A-06'], timeout: 120_000 },
  async () => {
    using folder = temporaryFolder()
    await using server = await startServer({ databasePath: folder.file('as.db') })
    const { host, port } = new URL(server.issuer)
    await using proxy = await cuttingProxy(Number(port))
    const { client, refreshToken } = await signInWithRefreshToken(server)
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

/** The server as a separate process, on the same port after each restart. */
async function spawnServer(databasePath: string, port: number) {
  const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts')
  const child = spawn(
    process.execPath,
    ['--conditions=workspace:source', main, 'serve', '--demo', '--json'].concat([
      // The chains below refresh without a pause, and every refresh must rotate.
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
  'durability: kill -9 under load on $name loses no grant, and revoked grants stay revoked',
  { tags: ['A-05', 'A-06', 'A-11'], timeout: 120_000 },
  async (kind) => {
    await using database = await kind.open()
    const databasePath = database.location
    let server = await spawnServer(databasePath, 0)
    const { host, port } = new URL(server.issuer)

    const chains = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { client, refreshToken } = await signInWithRefreshToken(server)
        return { clientId: client.client_id, held: refreshToken, refreshes: 0 }
      }),
    )
    /** Grants that are revoked during refreshes, with all their tokens. */
    const doom = async () =>
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          const { client, refreshToken } = await signInWithRefreshToken(server)
          return {
            clientId: client.client_id,
            tokens: [refreshToken],
            isEnding: false,
            isRevoked: false,
          }
        }),
      )
    type Doomed = Awaited<ReturnType<typeof doom>>[number]
    const revoke = async (grant: Doomed) => {
      // Any token of a grant ends it, also a superseded one.
      const [token = ''] = grant.tokens
      const form = { client_id: grant.clientId, token }
      grant.isEnding = true
      try {
        const { status } = await send(Number(port), host, '/token/revocation', form)
        grant.isRevoked = status === 200
      } catch {
        // The connection broke before an answer, so either outcome is right.
      }
    }
    /** Whether any token of a grant with an answered revocation is still valid. */
    const aliveAmong = async (grants: readonly Doomed[]) => {
      const alive: string[] = []
      for (const { clientId, tokens } of grants.filter(({ isRevoked }) => isRevoked)) {
        for (const token of tokens) {
          const { error } = await refreshOnce(Number(port), host, clientId, token)
          if (error !== 'invalid_grant') alive.push(`${clientId}: ${error ?? 'answered'}`)
        }
      }
      return alive
    }

    const revoked: Doomed[] = []
    const refusals: string[] = []
    for (const round of Array.from({ length: 6 }, (_, index) => index)) {
      const doomed = await doom()
      const killing = new AbortController()
      const load = chains.map(async (chain) => {
        while (!killing.signal.aborted) {
          try {
            const answer = await refreshOnce(Number(port), host, chain.clientId, chain.held)
            if (answer.error !== undefined) refusals.push(answer.error)
            chain.held = answer.refreshToken ?? chain.held
            chain.refreshes += 1
          } catch {
            // The connection broke. The token is kept, because the outcome is unknown.
          }
        }
      })
      const ending = doomed.map(async (grant, index) => {
        let revoking: Promise<void> | undefined
        try {
          while (!killing.signal.aborted) {
            // One after the other, during the refreshes. The last one waits for the kill.
            if (index < 3 && grant.tokens.length > 2 + 5 * index) revoking ??= revoke(grant)
            const held = grant.tokens.at(-1) ?? ''
            const answer = await refreshOnce(Number(port), host, grant.clientId, held)
            if (answer.refreshToken !== undefined) grant.tokens.push(answer.refreshToken)
            else if (grant.isEnding) break
            else refusals.push(answer.error ?? 'no token')
          }
        } catch {
          // The connection broke, as above.
        }
        await revoking
      })
      // During the work, at a different point each time.
      const enough = chains.reduce((sum, chain) => sum + chain.refreshes, 0) + 40 + round * 7
      await expect
        .poll(() => chains.reduce((sum, chain) => sum + chain.refreshes, 0), {
          interval: 1,
          timeout: 30_000,
        })
        .toBeGreaterThan(enough)
      // The server is killed after the first of these answers, which must hold.
      await Promise.race(doomed.filter(({ isRevoked }) => !isRevoked).map(revoke))
      await server.kill()
      killing.abort()
      await Promise.all([...load, ...ending])
      expect(doomed.some(({ isRevoked }) => isRevoked)).toBe(true)
      server = await spawnServer(databasePath, Number(port))
      expect(await aliveAmong(doomed)).toEqual([])
      revoked.push(...doomed)
    }

    expect(refusals).toEqual([])
    for (const { clientId, held } of chains) {
      const answer = await refreshOnce(Number(port), host, clientId, held)
      expect(answer.error).toBeUndefined()
      expect(answer.refreshToken).toBeDefined()
    }
    // Also after all later restarts.
    expect(await aliveAmong(revoked)).toEqual([])
    await server.kill()
  },
)
