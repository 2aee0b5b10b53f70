/**
 * Measures how much memory remembered tokens take. `main.ts` starts it as a separate process, and receives the
 * bytes of each token. With `reference`, it keeps only the tokens and their claims.
 */
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createResourceServer } from '@evergrant/resource-server'
import { startIssuer } from './issuer.ts'

const [mode = '', countText = ''] = process.argv.slice(2)
const count = Number(countText)
const batch = 1000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

await using issuer = await startIssuer('ES256')
const { trust, sign } = issuer
let resourceServer: ReturnType<typeof createResourceServer> | undefined = createResourceServer(
  trust.resource,
  [trust.issuer],
  { tokenCache: { maximumTokens: count, maximumBytes: 2 ** 40 } },
)
const claims: unknown[] = []
const kept: string[] = []

await authenticate(await sign(1))
const before = heapBytes()
for (let done = 0; done < count; done += batch) {
  const tokens = (await sign(batch)).map(asReceived)
  const verified = await authenticate(tokens)
  if (mode !== 'reference') continue
  claims.push(...verified)
  kept.push(...tokens)
}
if (mode === 'reference') resourceServer = undefined
const bytes = (heapBytes() - before) / count
process.send?.(bytes)
// Keeps both until here.
process.stdout.write(`${claims.length} ${kept.length} ${resourceServer?.resource ?? ''}\n`)
process.disconnect?.()

async function authenticate(tokens: readonly string[]): Promise<readonly unknown[]> {
  return await Promise.all(tokens.map(authenticateOne))
}

async function authenticateOne(token: string): Promise<unknown> {
  const authorization = asReceived(`Bearer ${token}`)
  const decision = await resourceServer?.authenticate({ authorization, url: '/mcp' })
  if (decision?.authenticated !== true) throw new Error('expected an accepted token')
  return decision.token
}

/** A string as the HTTP parser creates it, in one piece. Concatenated strings take more memory. */
function asReceived(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function heapBytes(): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
