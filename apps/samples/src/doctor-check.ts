/**
 * Checks a deployment, and fails if something is broken.
 *
 *     node apps/samples/src/doctor-check.ts https://mcp.example.com/mcp
 */
// #region program
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { formatHtml, formatRecording, runChecks } from '@evergrant/doctor'

const [serverUrl = 'http://127.0.0.1:9500/mcp'] = process.argv.slice(2)
const { report, observations } = await runChecks(serverUrl)

for (const { title, change } of report.findings) {
  // The first broken step comes first. `change` is what to change, and whom it concerns.
  process.stdout.write(`${title}\n  ${change}\n`)
}
await writeFile('report.html', formatHtml(report)) // one file, without script
await writeFile('recording.json', formatRecording(observations)) // without secrets
process.stdout.write(`Findings: ${report.findings.length}\n`)
// #endregion program
