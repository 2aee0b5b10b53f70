import { createRequire } from 'node:module'
import type { renderMermaidSVG } from 'beautiful-mermaid'

// Docusaurus compiles its configuration to CommonJS, and the package exports only an ES module, so
// that its name cannot be resolved from there.
const { renderMermaidSVG: draw } = createRequire(import.meta.url)(
  '../node_modules/beautiful-mermaid/dist/index.js',
) as { readonly renderMermaidSVG: typeof renderMermaidSVG }

/** Readable on a desktop without making the drawing wider than the text. */
const scale = 1.2

/**
 * Draws a Mermaid diagram when the site is built: the browser loads no Mermaid. The colors are
 * variables of `src/components/Diagram.module.css`.
 *
 * @param index - Which diagram of the page this is. Its markers are named after it.
 * @param alternative - What a reader hears who does not see it.
 */
export function renderDiagram(code: string, index: number, alternative: string): string {
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
