/**
 * Records the deployments of the doctor's corpus that run on loopback: the emulated servers of the
 * reference authorization server, and third-party servers. Run it after a change of the recording
 * format, then check the findings by hand.
 *
 *     pnpm --filter @evergrant/interop record-deployments
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { formatRecording, runChecks } from '@evergrant/doctor'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { theirServers } from './their-servers.ts'
import { installedVersion } from './versions.ts'

const folder = path.resolve(import.meta.dirname, '../../../packages/doctor/test/corpus')

const emulated = [
  'auth0',
  'authelia',
  'authentik',
  'cognito',
  'django-oauth-toolkit',
  'entra',
  'fastmcp',
  'github',
  'glewlwyd',
  'google',
  'hydra',
  'keycloak',
  'keycloak-resource-indicators',
  'lemonldap',
  'logto',
  'mcp-python-sdk',
  'okta',
  'spring',
  'stytch',
  'workos',
  'zitadel',
]

await mkdir(folder, { recursive: true })
for (const name of emulated) {
  const authorizationServer = await startAuthorizationServer({ demo: true, emulate: name })
  const mcpServer = await startMcpServer({ authorizationServer: authorizationServer.issuer })
  await record(
    `emulated-${name}`,
    `evergrant-as --emulate ${name}`,
    mcpServer.url,
    authorizationServer.issuer,
  )
  await mcpServer.close()
  await authorizationServer.close()
}
const reference = await startAuthorizationServer({ demo: true })
const notes = await startMcpServer({ authorizationServer: reference.issuer })
await record(
  'reference-servers',
  'evergrant-as and evergrant-mcp-server with default settings',
  notes.url,
  reference.issuer,
)
await notes.close()
await reference.close()
for (const [name, start] of Object.entries(theirServers)) {
  const peer = await start()
  const short = name.replace(/^@[^/]*\//, '')
  await record(
    `interop-${short}`,
    `${name} ${await installedVersion(name)} in tests/interop`,
    peer.resource.url,
  )
  await peer.close()
}

async function record(
  name: string,
  source: string,
  serverUrl: string,
  issuer?: string,
): Promise<void> {
  const { observations, report } = await runChecks(serverUrl)
  const mcpOrigin = new URL(serverUrl).origin
  const found = report.discovery?.outcome === 'found' ? report.discovery.issuer : mcpOrigin
  const serverOrigin = new URL(issuer ?? found).origin
  // Ports differ in every run.
  const recording = formatRecording(observations)
    .replaceAll(mcpOrigin, 'http://127.0.0.1:9500')
    .replaceAll(serverOrigin, 'http://127.0.0.1:9400')
  const document = { source, recording: JSON.parse(recording) as unknown }
  await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify(document, undefined, 2)}\n`)
  process.stdout.write(
    `${name}: ${report.findings.map(({ rule }) => rule).join(', ') || 'no findings'}\n`,
  )
}
