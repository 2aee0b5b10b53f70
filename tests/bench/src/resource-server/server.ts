/** The server of one guard: Express with a trivial handler. `main.ts` starts it as a separate process. */
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import express from 'express'
import { guards, isGuardName } from './guards.ts'
import type { Trust } from './issuer.ts'

const [name = '', trust = ''] = process.argv.slice(2)
if (!isGuardName(name)) throw new Error(`Unknown guard: ${name}.`)

const app = express()
app.get('/mcp', ...guards[name].handlers(JSON.parse(trust) as Trust), (_request, response) => {
  response.end('ok')
})
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
// The answer to every message is the processor time that this process has used.
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit(0))
