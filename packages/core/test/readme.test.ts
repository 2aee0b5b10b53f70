import { expect, test } from 'vitest'
// #region negotiate
import { explainDecision, negotiateScope, readBearerChallenge } from '@evergrant/core'

const challenge = readBearerChallenge('Bearer scope="files:read"')
const decision = negotiateScope({
  challengeScope: challenge?.scope,
  authorizationServer: { scopes_supported: ['openid', 'offline_access'] },
})

const scope = decision.scope // 'files:read offline_access'
const prompt = decision.prompt.prompt // 'consent'
const lines = explainDecision(decision) // each rule in words, with its requirement's ID
// #endregion negotiate

test('README: the example works as described', { tags: ['C-02', 'C-07', 'C-10'] }, () => {
  expect(scope).toBe('files:read offline_access')
  expect(prompt).toBe('consent')
  expect(lines[0]).toMatch(/\[C-20, C-21\]$/)
})
