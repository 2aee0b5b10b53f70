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

/** A form sent on a connection of its own; rejects when the connection breaks. */
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

/** A refresh on a connection of its own; rejects when the connection breaks. */
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
    /** Grants to be revoked while they are refreshed, with every token they ever had. */
    const doom = async () =>
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          const { client, refreshToken } = await signInLasting(server)
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
      // Any token of a grant ends it, a superseded one too.
      const [token = ''] = grant.tokens
      const form = { client_id: grant.clientId, token }
      grant.isEnding = true
      try {
        const { status } = await send(Number(port), host, '/token/revocation', form)
        grant.isRevoked = status === 200
      } catch {
        // The connection broke: nobody was told anything, and either outcome is right.
      }
    }
    /** Whether any token is still good of grants whose revocation was answered. */
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
            // The connection broke: what was committed is not known, the token is kept.
          }
        }
      })
      const ending = doomed.map(async (grant, index) => {
        let revoking: Promise<void> | undefined
        try {
          while (!killing.signal.aborted) {
            // One after the other, beside the refreshes; the last one waits for the end.
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
      // In the middle of the work, at another place each time.
      const enough = chains.reduce((sum, chain) => sum + chain.refreshes, 0) + 40 + round * 7
      await expect
        .poll(() => chains.reduce((sum, chain) => sum + chain.refreshes, 0), {
          interval: 1,
          timeout: 30_000,
        })
        .toBeGreaterThan(enough)
      // It dies when the first of these is answered: what it said then must hold.
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
    // Over all the restarts that came after it, too.
    expect(await aliveAmong(revoked)).toEqual([])
    await server.kill()
  },
)
