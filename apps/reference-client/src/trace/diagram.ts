import { escapeHtml } from './escape-html.ts'
import type { TraceEntry } from './recorder.ts'
import { commandName } from '../names.ts'

/** Distances in the unit of the drawing. */
const columnWidth = 260
const rowHeight = 34
const top = 44
const margin = 140
/** More servers than this are drawn as one. */
const mostServers = 6
/** Longer text would run into the next lifeline. */
const longestLabel = 38
const mostRows = 300

/** Draws who sent what to which server, and what the program decided in between. */
export function sequenceDiagram(entries: readonly TraceEntry[]): string {
  const origins = [
    ...new Set(entries.flatMap((entry) => (entry.kind === 'request' ? [entry.origin] : []))),
  ]
  const named = origins.slice(0, mostServers)
  const columns = [
    commandName,
    ...named,
    ...(origins.length > mostServers ? ['other servers'] : []),
  ]
  const columnOf = (origin: string): number => {
    const found = named.indexOf(origin)
    return found === -1 ? columns.length - 1 : found + 1
  }
  const rows = entries.slice(0, mostRows)
  const height = top + (rows.length + 1) * rowHeight
  const width = margin * 2 + (columns.length - 1) * columnWidth
  const lifelines = columns.map((name, column) => {
    const x = xOf(column)
    return `<text x="${x}" y="20" text-anchor="middle">${label(name.replace(/^https?:\/\//, ''))}</text><line class="life" x1="${x}" y1="30" x2="${x}" y2="${height - 8}"/>`
  })
  const drawn = rows.map((entry, row) => {
    const y = top + row * rowHeight + rowHeight / 2
    return entry.kind === 'request'
      ? request(entry, columnOf(entry.origin), y)
      : decision(entry.text, entry.requirements, y)
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>
${[...lifelines, ...drawn].join('\n')}
</svg>`
}

function xOf(column: number): number {
  return margin + column * columnWidth
}

function request(
  entry: Extract<TraceEntry, { kind: 'request' }>,
  column: number,
  y: number,
): string {
  const from = xOf(0)
  const to = xOf(column)
  const result = `${entry.result} ${entry.requirements.join(' ')}`.trim()
  return `<line x1="${from}" y1="${y}" x2="${to}" y2="${y}" marker-end="url(#arrow)"/><text x="${to - columnWidth / 2}" y="${y - 5}" text-anchor="middle">${label(entry.line)}</text><text class="soft" x="${to - columnWidth / 2}" y="${y + 13}" text-anchor="middle">${label(result)}</text>`
}

function decision(text: string, requirements: readonly string[], y: number): string {
  const shown = [requirements.join(', '), text].filter((part) => part !== '').join(': ')
  const width = columnWidth - 8
  const x = xOf(0) - margin + 8
  return `<rect class="decision" x="${x}" y="${y - 11}" width="${width}" height="22" rx="4"/><text x="${x + 6}" y="${y + 4}">${label(shown)}</text>`
}

function label(text: string): string {
  return escapeHtml(text.length > longestLabel ? `${text.slice(0, longestLabel - 1)}…` : text)
}
