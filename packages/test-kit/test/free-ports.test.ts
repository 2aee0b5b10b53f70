import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts } from '../src/index.ts'

/** The lowest port that a connection receives: Linux 32768, macOS and Windows 49152. */
const firstOfConnections = 32_768

test('free ports: are distinct, accept a server, and are never given to a connection', async () => {
  const ports = await freePorts(20)
  expect(new Set(ports).size).toBe(20)
  const servers = ports.map((port) => createServer().listen(port, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  for (const server of servers) server.close()
  for (const port of ports) expect(port).toBeLessThan(firstOfConnections)
})
