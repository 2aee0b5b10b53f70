import { createHash } from 'node:crypto'
import { sequenceDiagram } from './diagram.ts'
import { escapeHtml } from './escape-html.ts'
import type { Recording, TraceEntry } from './recorder.ts'
import { commandName } from '../names.ts'

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --line: #d0d7de;
  --accent: #0b5d57; --box: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa7b4; --paper: #0d1117;
  --line: #3d444d; --accent: #4fd1c5; --box: #161b22; } }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.375rem; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; }
.soft { color: var(--soft); }
.diagram { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
svg { display: block; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg line { stroke: var(--soft); }
svg .life { stroke: var(--line); stroke-dasharray: 4 3; }
svg .head { fill: var(--soft); }
svg rect { fill: var(--box); stroke: var(--line); }
svg .decision { stroke: var(--accent); }
ol { padding-left: 2.5rem; }
li { margin-bottom: .5rem; overflow-wrap: anywhere; }
summary { cursor: pointer; }
pre { margin: .5rem 0; padding: .5rem .75rem; overflow-x: auto; background: var(--box);
  border: 1px solid var(--line); border-radius: .5rem; font: .8125rem/1.45 ui-monospace, monospace; }
code { font: .875em ui-monospace, monospace; }
`

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** What the document says about the command. */
export interface TracedCommand {
  /** Without the values of options: they may be private. */
  readonly name: string
  readonly exitCode: number
  readonly failure: string | undefined
  readonly version: string
  readonly startedAt: Date
}

/** The trace as one HTML document. It has no script and loads nothing. */
export function traceDocument(
  command: TracedCommand,
  { entries, isTruncated }: Pick<Recording, 'entries' | 'isTruncated'>,
): string {
  const { name, exitCode, failure, version, startedAt } = command
  const items = entries.map((entry) => `<li>${item(entry)}</li>`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${styleHash}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Trace of ${escapeHtml(name)}</title>
<style>${style}</style>
</head>
<body>
<h1>Trace of <code>${escapeHtml(name)}</code></h1>
<p class="soft">${commandName} ${escapeHtml(version)}, ${startedAt.toISOString()}, exit code ${exitCode}. Tokens, codes, secrets and the contents of MCP messages are removed. The names of servers are not.</p>
${failure === undefined ? '' : `<p><strong>Failed:</strong> ${escapeHtml(failure)}</p>\n`}${isTruncated ? `<p>Only the first ${entries.length} entries are shown.</p>\n` : ''}<div class="diagram" role="img" aria-label="Sequence diagram of the exchange. The list below has the same content." tabindex="0">
${sequenceDiagram(entries)}
</div>
<h2>Every step</h2>
<ol>
${items.join('\n')}
</ol>
</body>
</html>
`
}

function item(entry: TraceEntry): string {
  const at = `<span class="soft">${seconds(entry.atMilliseconds)}</span>`
  const why = entry.requirements.map((id) => ` <code>${escapeHtml(id)}</code>`).join('')
  if (entry.kind === 'decision') return `${at} ${escapeHtml(entry.text)}${why}`
  const took = entry.durationMilliseconds
  const time = took === undefined ? '' : ` <span class="soft">in ${Math.round(took)} ms</span>`
  const texts = [entry.question, entry.answer].filter((text) => text !== '')
  return `<details><summary>${at} ${escapeHtml(`${entry.origin}: ${entry.line}`)} → ${escapeHtml(entry.result)}${time}. It ${escapeHtml(entry.purpose)}.${why}</summary>${texts.map((text) => `<pre>${escapeHtml(text)}</pre>`).join('')}</details>`
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`
}
