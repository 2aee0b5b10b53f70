/**
 * Refresh tokens at your own authorization server: who gets one, how it rotates, and a lost response.
 *
 *     node apps/samples/src/refresh-token-program.ts
 */
// #region program
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import {
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
  decideRefreshIssuance,
} from '@evergrant/authorization-server'

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

// 1. The consent page and the token endpoint ask the same question, and get the same answer.
const decision = decideRefreshIssuance(
  {
    clientGrantTypes: ['authorization_code', 'refresh_token'], // from the client's metadata
    responseType: 'code',
    requestedScopes: ['mcp:read', 'offline_access'],
    consentedScopes: ['mcp:read', 'offline_access'],
  },
  { policy: 'oidc' },
)
say(`issue: ${decision.issue}, because: ${decision.explanation}`)

// 2. The store is a table of your database in production. The key is kept with your signing keys.
const rotation = createRefreshTokenRotation(
  createMemoryRefreshTokenStore<{ readonly subject: string }>(),
  { successorKey: randomBytes(32), graceSeconds: 75, overlapSeconds: 0 },
)
const first = await rotation.issue('grant 1', { subject: 'alice' })

// 3. The client refreshes, and the response is lost. It presents the same token again.
const second = await rotation.redeem(first)
const again = await rotation.redeem(first)
if (second.outcome !== 'rotated' || again.outcome !== 'replayed') throw new Error('unexpected')
say(`refresh: ${second.outcome}`)
say(
  `the same token again: ${again.outcome}, same successor: ${again.refreshToken === second.refreshToken}`,
)

// 4. The client uses the successor. After that, the first token is reuse, so the family ends.
say(`successor: ${(await rotation.redeem(second.refreshToken)).outcome}`)
say(`the first token, much later: ${(await rotation.redeem(first)).outcome}`)
// #endregion program
