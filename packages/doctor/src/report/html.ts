import { escapeInvisible } from '@evergrant/core'
import { escapeHtml } from './escape-html.ts'
import { style, styleHash } from './html-style.ts'
import type { Finding, Report } from './report.ts'
import { drawSequence } from './sequence-diagram.ts'
import {
  concernNames,
  describeAccess,
  describeCounts,
  describeForecast,
  describeMeasurement,
  onOneLine,
  outlooks,
  plainText,
} from './words.ts'
import { displayName } from '../lib/names.ts'

/**
 * Formats a report as one HTML file: no script, no request, and a content security policy that allows
 * only its own stylesheet.
 */
export function formatHtml(report: Report): string {
  const { serverUrl, findings, observedAtEpochSeconds } = report
  const forecast = describeForecast(report)
  const measured = describeMeasurement(report)
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`
  return escapeInvisible(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${displayName}: ${escapeHtml(serverUrl)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${displayName}</h1>
<p><code>${escapeHtml(serverUrl)}</code>: ${escapeHtml(describeAccess(report))}</p>
<p class="muted">${escapeHtml(describeCounts(report))}. Checked on ${new Date(observedAtEpochSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC.</p>
</header>
<main>
<h2>Findings</h2>
${findings.length === 0 ? '<p>No findings.</p>' : findings.map(describe).join('\n')}
${measured.length === 0 ? '' : `<h2>Measured</h2>\n<pre>${escapeHtml(measured.map(onOneLine).join('\n'))}</pre>`}
${forecast.length === 0 ? '' : `<h2>Forecast</h2>\n<pre>${escapeHtml(forecast.map(onOneLine).join('\n'))}</pre>`}
${verdictsOf(report)}
<h2>What was checked</h2>
<div class="scroll">
${drawSequence(report)}
</div>
</main>
</body>
</html>
`)
}

function describe(finding: Finding): string {
  const { severity, rule, title, message, evidence, change, keyword, requirements } = finding
  const source = `<a href="${escapeHtml(finding.link)}" rel="noreferrer">source</a>`
  return `<section class="finding ${severity}">
<h3><span class="tag">${severity}</span> ${escapeHtml(title)}</h3>
<p>${escapeHtml(message)}</p>
<ul class="evidence">${evidence.map(({ text }) => `<li><code>${escapeHtml(text)}</code></li>`).join('')}</ul>
<p><strong>${concernNames[finding.concerns]}:</strong> ${escapeHtml(change)}</p>
${finding.sentence === undefined ? '' : `<blockquote>${escapeHtml(plainText(finding.sentence))}</blockquote>`}
<p class="muted"><code>${escapeHtml(rule)}</code> · ${[keyword, ...requirements].join(', ')} · ${source}</p>
</section>`
}

function verdictsOf({ verdicts }: Report): string {
  if (verdicts.length === 0) return ''
  const rows = verdicts.map(
    ({ client, version, signIn, because, refreshToken, expiry }) =>
      `<tr><td>${escapeHtml(`${client} ${version}`)}</td><td>${signIn}${because === undefined ? '' : ` (${escapeHtml(because)})`}</td><td>${outlooks[refreshToken] ?? ''}</td><td>${escapeHtml(expiry)}</td></tr>`,
  )
  return `<h2>Clients</h2>
<div class="scroll"><table>
<thead><tr><th>Client</th><th>Sign-in</th><th>Refresh token</th><th>When tokens expire</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>`
}
