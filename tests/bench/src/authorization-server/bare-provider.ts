/**
 * oidc-provider with its adapter in memory: one refresh token for each chain, the same kind of access
 * token as the reference server. Prints its issuer and the tokens.
 */
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

const chains = Number(process.argv[2])
const resource = 'http://127.0.0.1:9/mcp'
const { privateKey } = await generateKeyPair('ES256', { extractable: true })

const server = createServer()
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('expected a port')
const issuer = `http://127.0.0.1:${address.port}`
const provider = new Provider(issuer, {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'mcp:read',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  rotateRefreshToken: true,
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  ttl: { AccessToken: 300, Grant: 86_400, RefreshToken: 86_400 },
})
const answer = provider.callback()
server.on('request', (request, response) => void answer(request, response))

// Registered as at the reference server, so that both look the client up in their storage.
const registration = await fetch(`${issuer}/reg`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    redirect_uris: ['http://127.0.0.1:7777/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
  }),
})
const { client_id: clientId } = (await registration.json()) as { client_id: string }
const client = await provider.Client.find(clientId)
if (client === undefined) throw new Error('expected the client')
const refreshTokens = await Promise.all(
  Array.from({ length: chains }, async (_, index) => {
    const grant = new provider.Grant({ accountId: `account ${index}`, clientId: client.clientId })
    grant.addResourceScope(resource, 'mcp:read')
    const grantId = await grant.save()
    return await new provider.RefreshToken({
      client,
      accountId: `account ${index}`,
      grantId,
      gty: 'authorization_code',
      scope: 'mcp:read',
      resource,
    }).save()
  }),
)
process.stdout.write(`${JSON.stringify({ issuer, clientId, refreshTokens })}\n`)
