import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseRecording, reportOn } from '../src/index.ts'

const folder = path.join(import.meta.dirname, 'corpus')

interface RecordedDeployment {
  readonly source: string
  readonly recording: unknown
}

function read(name: string): RecordedDeployment {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as RecordedDeployment
}

// Judgments that many of the deployments share.
const noClientDocuments = 'client-documents-not-supported'
const noRegistration = 'no-automatic-registration'
const noIss = 'iss-not-advertised'
/** The test resource accepts every token until it is told to reject it. */
const trustingResource = ['invalid-token-accepted', 'challenge-without-resource-metadata']

/**
 * What an expert finds at each deployment: all of it, and nothing else. Written by hand from the
 * documents in the recordings.
 */
const expected: Readonly<Record<string, readonly string[]>> = {
  'reference-servers': [],
  'emulated-auth0': [noClientDocuments],
  'emulated-authelia': [noRegistration],
  'emulated-authentik': [noRegistration],
  'emulated-cognito': [noClientDocuments],
  'emulated-django-oauth-toolkit': [noRegistration, noIss],
  'emulated-entra': ['pkce-not-advertised', noRegistration],
  'emulated-fastmcp': [noClientDocuments],
  'emulated-github': [noRegistration],
  'emulated-glewlwyd': [noClientDocuments],
  'emulated-google': [noRegistration],
  'emulated-hydra': [noClientDocuments],
  'emulated-keycloak': [noClientDocuments],
  'emulated-keycloak-resource-indicators': [noClientDocuments],
  'emulated-lemonldap': [noClientDocuments, noIss, 'server-metadata-location-html'],
  'emulated-logto': [],
  'emulated-mcp-python-sdk': [noClientDocuments],
  'emulated-okta': [noClientDocuments],
  'emulated-spring': [noClientDocuments],
  'emulated-stytch': [noClientDocuments],
  'emulated-workos': [],
  'emulated-zitadel': [noRegistration],
  // oidc-provider 9 has revocation only as a feature that is off by default.
  'interop-oidc-provider': [...trustingResource, noClientDocuments, 'revocation-not-offered'],
  'interop-oauth-provider': [...trustingResource, noClientDocuments],
  'interop-workers-oauth-provider': [...trustingResource, noClientDocuments],
  // It issues refresh tokens and does not list the grant.
  'interop-oauth2-mock-server': [
    ...trustingResource,
    noRegistration,
    noIss,
    'refresh-grant-not-listed',
  ],
  // The metadata at /mcp claims the whole origin, and the challenge reports an error too early.
  'public-notion': [
    'resource-covers-url',
    'challenge-error-without-token',
    noClientDocuments,
    noIss,
    'revocation-not-offered',
  ],
  'public-supabase': ['challenge-error-without-token', 'challenge-scope-missing'],
  // The URL in the challenge has no quotation marks, which clients read.
  'public-stripe': [],
  'public-cloudflare-api': [noClientDocuments, noIss, 'revocation-not-offered'],
  // The document is of another host: a client that starts from mintlify.com must not use it.
  'public-mintlify': ['issuer-mismatch'],
  'public-google': [noRegistration, noIss],
  'public-deepwiki': [],
}

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace(/\.json$/, ''))

test('corpus: has at least 30 deployments, each judged and with its source', () => {
  expect(names.length).toBeGreaterThanOrEqual(30)
  expect(names.toSorted()).toEqual(Object.keys(expected).toSorted())
  for (const name of names) expect(read(name).source).not.toBe('')
})

test.each(names)('corpus: %s is judged as an expert would', async (name) => {
  const report = await reportOn(parseRecording(JSON.stringify(read(name).recording)))
  expect(report.findings.map(({ rule }) => rule).toSorted()).toEqual(
    [...(expected[name] ?? [])].toSorted(),
  )
})

test('corpus: a server without authorization is healthy', async () => {
  const report = await reportOn(parseRecording(JSON.stringify(read('public-deepwiki').recording)))
  expect(report).toMatchObject({ access: 'open', findings: [] })
  expect(report.verdicts.every(({ signIn }) => signIn === 'not-needed')).toBe(true)
})

test('corpus: clients that stop at a fault of a deployment are told apart', async () => {
  const report = await reportOn(parseRecording(JSON.stringify(read('emulated-entra').recording)))
  expect(report.verdicts.map(({ client, signIn }) => [client, signIn])).toEqual([
    ['@modelcontextprotocol/sdk', 'needs-a-registered-client'],
    ['@modelcontextprotocol/client', 'needs-a-registered-client'],
    ['mcp-remote', 'needs-a-registered-client'],
    ['Evergrant', 'fails'],
  ])
})

test('forecast: uses facts about the product, with their sources', async () => {
  const report = await reportOn(parseRecording(JSON.stringify(read('public-google').recording)))
  expect(report.forecast).toMatchObject({
    product: { id: 'google' },
    request: { prompt: 'consent', parameters: { access_type: 'offline' } },
    registration: ['by-hand'],
    refreshToken: { outlook: 'probably', reasons: [{ basis: 'inferred' }] },
    duration: { idleSeconds: 182 * 86_400 },
  })
  expect(report.forecast?.duration.unknown).toContain('the longest time that a sign-in lasts')
})

test('forecast: reports what is not known as unknown', async () => {
  const report = await reportOn(
    parseRecording(JSON.stringify(read('public-cloudflare-api').recording)),
  )
  expect(report.forecast?.product).toBeUndefined()
  expect(report.forecast?.refreshToken.outlook).toBe('unknown')
  expect(report.forecast?.duration).toMatchObject({ ends: [] })
  expect(report.forecast?.duration).not.toHaveProperty('idleSeconds')
})
