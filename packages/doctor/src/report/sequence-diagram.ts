import { escapeHtml } from './escape-html.ts'
import type { Report, TimelineEntry } from './report.ts'

const width = 760
const rowHeight = 44
const headHeight = 56
const lifelines = { client: 90, 'mcp-server': 380, 'authorization-server': 670 } as const
const maximumRows = 60

/** A 401 is expected, and so is a 404 at most of the places where clients search. */
const kinds = [
  [/^[23]/, 'good'],
  [/^40[145]/, 'plain'],
] as const

/** Draws the requests of a check as an inline SVG without script and without styles of its own. */
export function drawSequence({ timeline }: Report): string {
  const rows = timeline.slice(0, maximumRows)
  const height = headHeight + rows.length * rowHeight + 24
  const left = timeline.length - rows.length
  return [
    `<svg class="sequence" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="sequence-title">`,
    `<title id="sequence-title">The ${timeline.length} requests of the check, in order</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>`,
    lifeline(lifelines.client, 'Client', height),
    lifeline(lifelines['mcp-server'], 'MCP server', height),
    lifeline(lifelines['authorization-server'], 'Authorization server', height),
    ...rows.map((entry, index) => row(entry, headHeight + index * rowHeight + 24)),
    ...(left === 0
      ? []
      : [`<text x="${width / 2}" y="${height - 6}" class="label middle">${left} more</text>`]),
    '</svg>',
  ].join('\n')
}

function lifeline(x: number, name: string, height: number): string {
  return [
    `<line class="lifeline" x1="${x}" y1="36" x2="${x}" y2="${height}"/>`,
    `<text class="name middle" x="${x}" y="22">${escapeHtml(name)}</text>`,
  ].join('')
}

function row(entry: TimelineEntry, y: number): string {
  const to =
    lifelines[entry.concerns === 'authorization-server' ? 'authorization-server' : 'mcp-server']
  const kind = kinds.find(([pattern]) => pattern.test(entry.outcome))?.[1] ?? 'bad'
  const label = `${entry.method} ${pathOf(entry.url)}`
  return [
    '<g>',
    `<title>${escapeHtml(`${entry.purpose}: ${entry.method} ${entry.url}: ${entry.outcome}, ${entry.durationMilliseconds} ms`)}</title>`,
    `<line class="arrow" x1="${lifelines.client}" y1="${y}" x2="${to - 2}" y2="${y}" marker-end="url(#arrow)"/>`,
    `<text class="label" x="${lifelines.client + 10}" y="${y - 6}">${escapeHtml(label)}</text>`,
    `<text class="outcome ${kind}" x="${to - 10}" y="${y + 15}">${escapeHtml(`${entry.outcome} · ${entry.durationMilliseconds} ms`)}</text>`,
    '</g>',
  ].join('')
}

function pathOf(url: string): string {
  if (!URL.canParse(url)) return cut(url)
  const { pathname, search } = new URL(url)
  return cut(`${pathname}${search === '' ? '' : '?…'}`)
}

function cut(text: string): string {
  return text.length > 44 ? `${text.slice(0, 21)}…${text.slice(-22)}` : text
}
