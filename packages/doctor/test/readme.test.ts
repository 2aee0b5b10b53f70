import { expect, test } from 'vitest'
import { formatHtml, formatRecording, runChecks } from '../src/index.ts'
import { startDeployment, withServer } from './support/deployment.ts'

test('readme: the example checks a server', async () => {
  await using running = await startDeployment(
    withServer({ code_challenge_methods_supported: undefined }),
  )
  const { fetch, clock } = running
  // #region check
  const { report, observations } = await runChecks('https://mcp.test/mcp', { fetch, clock })

  const [first] = report.findings // the first broken step comes first
  const change = first?.change // what to change, and whom it concerns
  const page = formatHtml(report) // one file, without script
  const recording = formatRecording(observations) // without secrets
  // #endregion check
  expect(first?.rule).toBe('pkce-not-advertised')
  expect(change).toContain('code_challenge_methods_supported')
  expect(page).toContain('pkce-not-advertised')
  expect(recording).toContain('https://mcp.test/mcp')
})
