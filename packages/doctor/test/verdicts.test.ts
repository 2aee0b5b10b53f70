import { createSession } from '@evergrant/client'
import { memoryStore } from '@evergrant/client/stores/memory'
import { readBearerChallenge } from '@evergrant/core'
import { expect, test } from 'vitest'
import { clientBehaviors, runChecks } from '../src/index.ts'
import { brokenServers } from './support/broken-servers.ts'
import {
  issuer,
  json,
  resourceDocument,
  serverDocument,
  serverUrl,
  startDeployment,
  urls,
  withAnswers,
  withChallenge,
  withResource,
} from './support/deployment.ts'
import type { Deployment } from './support/deployment.ts'
import { startSignIn } from './support/sdk-clients.ts'

/** Rules about the connection: a client that cannot connect starts no sign-in. */
const connectionRules = new Set([
  'server-unreachable',
  'tls-failure',
  'server-failing',
  'server-rate-limited',
  'server-redirects',
  'server-redirects-within-origin',
  'server-blocks-clients',
  'not-an-mcp-server',
  'legacy-transport',
  'metadata-without-challenge',
  'unauthenticated-wrong-status',
])
const measuredServers = brokenServers.filter(({ rule }) => !connectionRules.has(rule))

test.each([
  ['sdk-v1', 'v1'],
  ['sdk-v2', 'v2'],
] as const)('verdicts: %s stops where its data says', async (id, sdk) => {
  const stops: string[] = []
  for (const { rule, deployment } of measuredServers) {
    const { outcome } = await startSignIn(sdk, deployment, await challengeUrl(deployment))
    if (outcome === 'stops') stops.push(rule)
  }
  expect(stops.toSorted()).toEqual(stopsOf(id))
})

test('verdicts: evergrant stops where its data says', async () => {
  const stops: string[] = []
  for (const { rule, deployment } of measuredServers) {
    if (await stopsHere(deployment)) stops.push(rule)
  }
  expect(stops.toSorted()).toEqual(stopsOf('evergrant'))
})

/** A server of the protocol version 2025-03-26: its own authorization server, and no document about it. */
const withoutResourceMetadata = withAnswers(
  {
    [urls.resourceMetadata]: { status: 404 },
    'https://mcp.test/.well-known/oauth-authorization-server': json({
      ...serverDocument,
      issuer: 'https://mcp.test',
    }),
  },
  withChallenge('Bearer'),
)

test('verdicts: no client stops at a missing document if it finds the server at the origin', async () => {
  expect(await startSignIn('v1', withoutResourceMetadata)).toMatchObject({ outcome: 'opens' })
  expect(await startSignIn('v2', withoutResourceMetadata)).toMatchObject({ outcome: 'opens' })
  expect(await stopsHere(withoutResourceMetadata)).toBe(false)
  await using running = await startDeployment(withoutResourceMetadata)
  const { report } = await runChecks(serverUrl, { fetch: running.fetch, clock: running.clock })
  expect(report.findings.map(({ rule }) => rule)).toContain('resource-metadata-missing')
  expect(report.verdicts.map(({ signIn }) => signIn)).toEqual(['works', 'works', 'works', 'works'])
})

test.each([{ status: 429 }, { status: 307, headers: { location: '/mcp/' } }])(
  'verdicts: says nothing about clients where nothing is known: %o',
  async (answer) => {
    await using running = await startDeployment(withAnswers({ [serverUrl]: answer }))
    const { report } = await runChecks(serverUrl, { fetch: running.fetch, clock: running.clock })
    expect(report.verdicts).toEqual([])
  },
)

test('verdicts: no client stops at Entra ID, which has PKCE and does not list it', async () => {
  const tenant = 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001'
  const document = {
    ...serverDocument,
    issuer: `${tenant}/v2.0`,
    authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenant}/oauth2/v2.0/token`,
    code_challenge_methods_supported: undefined,
  }
  const deployment = withAnswers({
    [urls.resourceMetadata]: json({
      ...resourceDocument,
      authorization_servers: [document.issuer],
    }),
    [`${tenant}/v2.0/.well-known/openid-configuration`]: json(document),
  })
  expect(await stopsHere(deployment)).toBe(false)
  await using running = await startDeployment(deployment)
  const { report } = await runChecks(serverUrl, { fetch: running.fetch, clock: running.clock })
  expect(report.findings.map(({ rule }) => rule)).toContain('pkce-not-advertised')
  expect(report.verdicts.map(({ signIn }) => signIn)).toEqual(['works', 'works', 'works', 'works'])
})

test('verdicts: a fault of the second authorization server stops no client', async () => {
  const deployment = withResource({ authorization_servers: [issuer, 'https://second.test'] })
  expect(await startSignIn('v1', deployment)).toMatchObject({ outcome: 'opens' })
  expect(await startSignIn('v2', deployment)).toMatchObject({ outcome: 'opens' })
  expect(await stopsHere(deployment)).toBe(false)
  await using running = await startDeployment(deployment)
  const { report } = await runChecks(serverUrl, { fetch: running.fetch, clock: running.clock })
  expect(report.findings.map(({ rule }) => rule)).toEqual(['server-metadata-missing'])
  expect(report.verdicts.map(({ signIn }) => signIn)).toEqual(['works', 'works', 'works', 'works'])
})

function stopsOf(id: string): readonly string[] {
  const stopsAt = clientBehaviors.find((one) => one.id === id)?.stopsAt ?? []
  return stopsAt.filter((rule) => !connectionRules.has(rule)).toSorted()
}

async function challengeOfDeployment(deployment: Deployment) {
  await using running = await startDeployment(deployment)
  const answer = await running.fetch(deployment.serverUrl, { method: 'POST', body: '{}' })
  await answer.body?.cancel()
  return readBearerChallenge(answer.headers.get('www-authenticate'))
}

async function challengeUrl(deployment: Deployment): Promise<string | undefined> {
  return (await challengeOfDeployment(deployment))?.resource_metadata
}

async function stopsHere(deployment: Deployment): Promise<boolean> {
  const challenge = await challengeOfDeployment(deployment)
  const registering = withAnswers(
    {
      [urls.register]: ({ method, body }) =>
        method === 'POST'
          ? json({ ...Object(JSON.parse(body)), client_id: 'client' }, { status: 201 })
          : { status: 204 },
    },
    deployment,
  )
  await using running = await startDeployment(registering)
  let opened = false
  try {
    const session = createSession(deployment.serverUrl, {
      store: memoryStore(),
      client: { name: 'doctor' },
      fetch: running.fetch,
      signIn: {
        kind: 'interactive',
        prepare: () =>
          Promise.resolve({
            redirectUri: 'http://127.0.0.1:9/callback',
            authorize() {
              opened = true
              return Promise.reject(new Error('The page is open.'))
            },
            close: () => Promise.resolve(),
          }),
      },
    })
    await session.signIn({ challenge })
  } catch {
    // Only whether the page was opened matters.
  }
  return !opened
}
