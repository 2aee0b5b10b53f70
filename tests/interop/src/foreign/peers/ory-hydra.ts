import { randomBytes } from 'node:crypto'
import { freePorts, jsonBody, startServer, startTrustingResource } from '@evergrant/test-kit'
import { redirectUri, signInThroughPages } from '../../browser.ts'
import type { Peer } from '../../peers/peer.ts'
import { resourceScope } from '../../peers/peer.ts'
import { prepareGo } from '../go.ts'
import { startServerAt } from '../server-program.ts'

/** Ory Hydra on SQLite in memory, with pages that accept automatically. Returns how it is started. */
export async function prepareOryHydra(): Promise<() => Promise<Peer>> {
  const program = await prepareGo('ory-hydra', [], {
    package: 'github.com/ory/hydra/v2',
    tags: ['sqlite', 'json1'],
  })
  return () => startOryHydra(program)
}

async function startOryHydra(program: string): Promise<Peer> {
  const resource = await startTrustingResource(resourceScope)
  const [publicPort, adminPort] = await freePorts(2)
  const issuer = `http://127.0.0.1:${publicPort}`
  const admin = `http://127.0.0.1:${adminPort}/admin`
  const pages = await startPages(admin)
  const server = await startServerAt(
    `${issuer}/.well-known/openid-configuration`,
    [program, 'serve', 'all', '--dev', '--sqa-opt-out'],
    {
      DSN: 'memory',
      LOG_LEVEL: 'error',
      SECRETS_SYSTEM: randomBytes(16).toString('hex'),
      SERVE_ADMIN_HOST: '127.0.0.1',
      SERVE_ADMIN_PORT: `${adminPort}`,
      SERVE_PUBLIC_HOST: '127.0.0.1',
      SERVE_PUBLIC_PORT: `${publicPort}`,
      URLS_CONSENT: `${pages.url}/consent`,
      URLS_LOGIN: `${pages.url}/login`,
      URLS_SELF_ISSUER: issuer,
      WEBFINGER_OIDC_DISCOVERY_SUPPORTED_SCOPE: resourceScope,
    },
  )
  const close = async (): Promise<void> => {
    await server.close()
    await pages.close()
    await resource.close()
  }
  try {
    const clientId = await createClient(admin)
    resource.protectedBy(issuer)
    return {
      resource,
      signIn: signInThroughPages(),
      preRegistered: { [issuer]: { clientId } },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function createClient(admin: string): Promise<string> {
  const client = await jsonBody(
    await fetch(`${admin}/clients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'interop',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [redirectUri],
        scope: `${resourceScope} offline_access`,
        token_endpoint_auth_method: 'none',
      }),
    }),
  )
  return String(client['client_id'])
}

/** The pages for login and consent, which Hydra leaves to its users. */
async function startPages(admin: string) {
  return await startServer(async (request, response) => {
    const page = new URL(request.url ?? '/', admin)
    const kind = page.pathname.slice(1)
    const name = `${kind}_challenge`
    const query = `${name}=${encodeURIComponent(page.searchParams.get(name) ?? '')}`
    const url = `${admin}/oauth2/auth/requests/${kind}`
    const asked = await jsonBody(await fetch(`${url}?${query}`))
    const answer = await jsonBody(
      await fetch(`${url}/accept?${query}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          kind === 'login' ? { subject: 'user' } : { grant_scope: asked['requested_scope'] },
        ),
      }),
    )
    response.writeHead(302, { location: String(answer['redirect_to']) }).end()
  })
}
