import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { explainDecision } from '@evergrant/core'
import { providerProfiles } from '@evergrant/core/providers'
import { clientIdFor } from '../../src/playground/client'
import { evaluate } from '../../src/playground/evaluate'
import type { Evaluation } from '../../src/playground/evaluate'
import type { PlaygroundInput } from '../../src/playground/input'
import { explainParameters } from '../../src/playground/parameters'
import { findPreset, presets } from '../../src/playground/presets'
import { defaultInput } from '../../src/playground/typical'

function evaluationOf(presetId: string, changes: Partial<PlaygroundInput> = {}): Evaluation {
  const preset = findPreset(presetId)
  if (preset === undefined) throw new Error(`There is no preset ${presetId}.`)
  return evaluate({ ...preset.input, ...changes })
}

function parametersOf({ outcome }: Evaluation): Readonly<Record<string, string>> {
  return Object.fromEntries(new URL(outcome?.authorizationUrl ?? 'x:').searchParams)
}

test('playground: the first preset sends the scope of the challenge and offline_access', () => {
  const evaluation = evaluationOf('start')
  expect(evaluation.errors).toEqual({})
  expect(parametersOf(evaluation)).toMatchObject({
    scope: 'mcp:read offline_access',
    prompt: 'consent',
    resource: 'https://mcp.example.com/mcp',
    code_challenge_method: 'S256',
    client_id: 'from-the-registration-response',
  })
  expect(evaluation.outcome?.forecast.refreshToken.outlook).toBe('probably')
})

test('playground: IDs of presets are unique, and every product can be chosen', () => {
  const ids = presets.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(presets.filter(({ group }) => group === 'Products').length).toBeGreaterThan(20)
})

test('playground: every profile is used by a product', () => {
  const used = new Set(presets.map(({ id }) => evaluationOf(id).outcome?.profile.id))
  expect(providerProfiles.map(({ id }) => id).filter((id) => !used.has(id))).toEqual([])
})

test.each(presets.filter(({ group }) => group === 'Products').map(({ id }) => id))(
  'playground: the product %s has usable metadata and a request',
  (id) => {
    const evaluation = evaluationOf(id)
    expect(evaluation.errors).toEqual({})
    expect(evaluation.outcome?.decision.trace.length).toBeGreaterThan(0)
    const { outcome } = evaluation
    expect(outcome && explainDecision(outcome.decision).at(-1)).toMatch(/^Result: /)
    // Either the complete request, or the reason why a client stops.
    const isStopped = outcome?.pkce.action === 'refuse' || outcome?.client.problem !== undefined
    expect(parametersOf(evaluation)['code_challenge_method']).toBe(isStopped ? undefined : 'S256')
  },
)

test.each([
  ['google', 'google'],
  ['entra', 'entra-id'],
  ['keycloak', 'keycloak'],
  ['hydra', 'ory-hydra'],
  ['clerk', 'clerk'],
  ['spring', 'spring-authorization-server'],
  ['authelia', 'standard'],
])('playground: the product %s uses the profile %s', (presetId, profileId) => {
  expect(evaluationOf(presetId).outcome?.profile.id).toBe(profileId)
})

describe('known mistakes', () => {
  test('the MCP server lists offline_access: removed, reported, and decided by the client', () => {
    const { outcome } = evaluationOf('resource-lists-offline-access')
    expect(outcome?.decision.warnings.map(({ requirement }) => requirement)).toEqual(['S-02'])
    expect(outcome?.decision.scope).toBe('mcp:read offline_access')
  })

  test('the challenge names it and the authorization server does not: not sent', () => {
    const evaluation = evaluationOf('challenge-names-offline-access')
    expect(evaluation.outcome?.decision.offlineAccess).toBe('dropped')
    expect(parametersOf(evaluation)['scope']).toBe('mcp:read')
  })

  test('without the refresh_token grant: not requested, also in the registration', () => {
    const { outcome } = evaluationOf('client-without-grant')
    expect(outcome?.decision.offlineAccess).toBe('not-wanted')
    expect(outcome?.client.registrationRequest).toMatchObject({
      grant_types: ['authorization_code'],
    })
  })

  test('without PKCE in the metadata: no URL, unless the option assumes it', () => {
    expect(evaluationOf('pkce-not-listed').outcome?.authorizationUrl).toBeUndefined()
    expect(
      parametersOf(evaluationOf('pkce-not-listed', { assumePkceS256: true }))['code_challenge'],
    ).toBeDefined()
    expect(
      evaluationOf('pkce-plain-only', { assumePkceS256: true }).outcome?.authorizationUrl,
    ).toBeUndefined()
  })

  test.each([
    ['issuer-mismatch', 'serverMetadata', /names the issuer/],
    ['resource-mismatch', 'resourceMetadata', /is for "https:\/\/staging/],
    ['plain-http', 'serverMetadata', /token_endpoint/],
  ] as const)('%s: the error is beside the document', (id, field, message) => {
    const { errors, outcome } = evaluationOf(id)
    expect(errors[field]).toMatch(message)
    expect(outcome).toBeUndefined()
  })

  test('no registration: the reason is beside the choice', () => {
    const { outcome, notes } = evaluationOf('no-registration')
    expect(outcome?.authorizationUrl).toBeUndefined()
    expect(notes.registration?.[0]?.text).toMatch(/no registration_endpoint/)
  })

  test('step-up: offline_access is kept', () => {
    expect(evaluationOf('step-up').outcome?.decision.scope).toBe(
      'mcp:read offline_access mcp:write',
    )
  })
})

describe('client IDs', () => {
  test('metadata document: only where the server supports it, and only a URL', () => {
    const document = {
      registration: 'metadata-document' as const,
      clientId: clientIdFor('metadata-document', defaultInput.clientId),
    }
    expect(evaluationOf('start', document).outcome?.client.problem).toMatch(/is not true/)
    const supporting = {
      ...document,
      serverMetadata: defaultInput.serverMetadata.replace(
        '{',
        '{ "client_id_metadata_document_supported": true,',
      ),
    }
    expect(parametersOf(evaluationOf('start', supporting))['client_id']).toBe(
      'https://app.example.com/client.json',
    )
    expect(
      evaluationOf('start', { ...supporting, clientId: 'app' }).outcome?.client.problem,
    ).toMatch(/is not the URL/)
  })
})

test('client ID: an example follows the registration, a typed one stays', () => {
  expect(clientIdFor('by-hand', 'https://app.example.com/client.json')).toBe('client-1')
  expect(clientIdFor('metadata-document', 'my-client')).toBe('my-client')
  expect(clientIdFor('dynamic', 'my-client')).toBe('my-client')
})

describe('bad input', () => {
  test('broken JSON: the error names the line, and quotes nothing', () => {
    const { errors } = evaluationOf('start', { serverMetadata: '{\n  "issuer": <script>\n}' })
    expect(errors.serverMetadata).toBe(
      'The authorization server metadata is not JSON from line 2 on. Check commas and quotation marks.',
    )
  })

  test('a megabyte: refused by its length, without reading it', () => {
    const { errors, outcome } = evaluationOf('start', { serverMetadata: 'x'.repeat(1_048_576) })
    expect(errors.serverMetadata).toBe(
      'The text has 1,048,576 characters (at most 65,536). Shorten it.',
    )
    expect(outcome).toBeUndefined()
  })

  test('hostile text: errors show it as JSON, without invisible characters', () => {
    const { errors } = evaluationOf('start', {
      serverMetadata: JSON.stringify({ issuer: 'https://as.example.com\u202e\u0007"><img>' }),
    })
    expect(errors.serverMetadata).toContain(String.raw`\u202e`)
    expect(errors.serverMetadata).not.toMatch(/\u202e|\p{Cc}/u)
  })

  test('any text in any field: never throws', () => {
    const json = fc.json()
    const text = fc.oneof(fc.string({ unit: 'binary' }), json, fc.constant(''))
    fc.assert(
      fc.property(
        text,
        text,
        text,
        text,
        (serverUrl, challenge, resourceMetadata, serverMetadata) => {
          for (const changes of [
            { serverUrl, challenge },
            { resourceMetadata, additionalScope: challenge },
            { serverMetadata, clientId: serverUrl, previousScope: challenge },
          ]) {
            const { errors, outcome } = evaluate({ ...defaultInput, ...changes })
            expect(outcome === undefined).toBe(Object.keys(errors).length > 0)
          }
        },
      ),
    )
  })
})

test('parameters: every one of every preset is explained', () => {
  for (const { id, input } of presets) {
    const { outcome } = evaluationOf(id)
    if (outcome?.authorizationUrl === undefined) continue
    const explained = explainParameters(outcome.authorizationUrl, outcome, input.registration)
    expect(explained.map(({ name }) => name)).toEqual([
      ...new URL(outcome.authorizationUrl).searchParams.keys(),
    ])
    expect(explained.filter(({ why }) => why === '')).toEqual([])
  }
})
