import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that Linux, macOS and Windows give to connections. A port of theirs can be taken
 * between the moment it is found free and the moment the server listens at it.
 */
const range = { first: 15_000, end: 32_000 }
const maximumTries = 1000

/**
 * Returns ports that are free on loopback, for servers that other programs start. For a server in
 * this process, listen at port 0 instead.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries === maximumTries) throw new Error(`${count} free ports were not found on 127.0.0.1.`)
    const port = randomInt(range.first, range.end)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

/** Returns one port. See {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('No port was found.')
  return port
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
