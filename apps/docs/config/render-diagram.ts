import type { renderMermaidSVG } from 'beautiful-mermaid'
import { importModule } from './import-module.ts'

/** Readable on a desktop without making the drawing wider than the text. */
const scale = 1.2

const mermaid = importModule('beautiful-mermaid') as Promise<{
  readonly renderMermaidSVG: typeof renderMermaidSVG
}>

/**
 * Draws a Mermaid diagram when the site is built: the browser loads no Mermaid. The colors are
 * variables of `src/components/Diagram.module.css`.
 *
 * @param index - Which diagram of the page this is. Its markers are named after it.
 * @param alternative - What a reader hears who does not see it.
 */
export async function renderDiagram(
  code: string,
  index: number,
  alternative: string,
): Promise<string> {
  const { renderMermaidSVG: draw } = await mermaid
  const svg = draw(code, { transparent: true, padding: 8 })
  return (
    svg
      // Loads a font from another server.
      .replace(/<style>[^]*?<\/style>/, '')
      .replaceAll(/(id="|url\(#)(?=[a-z])/g, `$1diagram-${index}-`)
      .replace(/<svg[^>]*viewBox="([^"]*)" width="([\d.]+)" height="([\d.]+)"[^>]*>/, opening)
  )

  function opening(_: string, box: string, width: string, height: string): string {
    const size = `width="${scaled(width)}" height="${scaled(height)}"`
    return `<svg viewBox="${box}" ${size} role="img" aria-label="${escaped(alternative)}">`
  }
}

function scaled(length: string): number {
  return Math.round(Number(length) * scale)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
