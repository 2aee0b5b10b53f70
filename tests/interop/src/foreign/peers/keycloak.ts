import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort, jsonBody, startTrustingResource } from '@evergrant/test-kit'
import { redirectUri, signInThroughPages } from '../../browser.ts'
import type { Peer } from '../../peers/peer.ts'
import { resourceScope } from '../../peers/peer.ts'
import { exists } from '../cache.ts'
import { runOrFail, slowLimitMilliseconds } from '../commands.ts'
import { prepareMaven } from '../maven.ts'
import { startServerAt } from '../server-program.ts'

const version = '26.7.3'
const password = randomBytes(16).toString('hex')
const clientId = 'interop'

/** Keycloak with rotation on, and its database in memory. Returns how it is started. */
export async function prepareKeycloak(): Promise<() => Promise<Peer>> {
  const folder = await prepareMaven('keycloak', [], ['dependency:unpack'])
  const script = path.join(folder, `keycloak-${version}`, 'bin', 'kc.sh')
  const built = path.join(folder, 'built')
  if (!(await exists(built))) {
    // Otherwise, each start compiles the server for its settings.
    await runOrFail(script, ['build', '--db=dev-mem', '--cache=local'], {
      timeoutMilliseconds: slowLimitMilliseconds,
    })
    await writeFile(built, '')
  }
  return async () => {
    const resource = await startTrustingResource(resourceScope)
    const base = `http://127.0.0.1:${await freePort()}`
    const server = await startServerAt(
      `${base}/realms/master`,
      [
        script,
        'start',
        '--optimized',
        '--http-enabled=true',
        '--hostname-strict=false',
        '--http-host=127.0.0.1',
        `--http-port=${new URL(base).port}`,
      ],
      {
        JAVA_OPTS_KC_HEAP: '-Xms128m -Xmx512m',
        KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
        KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      },
    )
    const close = async (): Promise<void> => {
      await server.close()
      await resource.close()
    }
    try {
      await createRealm(base)
    } catch (error) {
      await close()
      throw error
    }
    const issuer = `${base}/realms/interop`
    resource.protectedBy(issuer)
    return {
      resource,
      signIn: signInThroughPages({ username: 'user', password, accept: 'Yes' }),
      // Its policies let no unknown client register itself.
      preRegistered: { [issuer]: { clientId } },
      close,
    }
  }
}

async function createRealm(base: string): Promise<void> {
  const answer = await fetch(`${base}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'admin',
      password,
    }),
  })
  const { access_token: token } = await jsonBody(answer)
  const response = await fetch(`${base}/admin/realms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      realm: 'interop',
      enabled: true,
      sslRequired: 'none',
      revokeRefreshToken: true,
      refreshTokenMaxReuse: 0,
      clientScopes: [{ name: resourceScope, protocol: 'openid-connect' }],
      clients: [
        {
          clientId,
          publicClient: true,
          redirectUris: [redirectUri],
          optionalClientScopes: [resourceScope, 'offline_access'],
        },
      ],
      users: [
        {
          username: 'user',
          email: 'user@interop.test',
          firstName: 'Interop',
          lastName: 'User',
          emailVerified: true,
          enabled: true,
          realmRoles: ['offline_access'],
          credentials: [{ type: 'password', value: password, temporary: false }],
        },
      ],
    }),
  })
  if (response.status !== 201) {
    throw new Error(`Keycloak created no realm: ${response.status} ${await response.text()}`)
  }
}
