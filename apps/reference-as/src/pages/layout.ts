import { createHash } from 'node:crypto'
import { html } from './html.ts'
import type { Html } from './html.ts'

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #f6f8fa; --card: #fff;
  --line: #d0d7de; --accent: #0b5d57; --on-accent: #fff; --warn: #7a4b00; --warn-paper: #fff4d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa7b4; --paper: #0d1117;
  --card: #161b22; --line: #3d444d; --accent: #4fd1c5; --on-accent: #06201e; --warn: #f5c869;
  --warn-paper: #2b2210; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 4vh auto 0; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; }
h2 { margin: 1.25rem 0 .25rem; font-size: 1rem; }
p, ul, dl { margin: 0 0 1rem; }
ul { padding-left: 1.25rem; }
dt { color: var(--soft); font-size: .875rem; }
dd { margin: 0 0 .5rem; }
a { color: var(--accent); }
section { padding: .25rem 0 1rem; border-top: 1px solid var(--line); }
p.code { font: 600 1.75rem/1.4 ui-monospace, monospace; letter-spacing: .1em; text-align: center; }
.soft { color: var(--soft); font-size: .875rem; }
.note { padding: .75rem 1rem; border-left: .25rem solid var(--accent); background: var(--paper); }
.warn { padding: .75rem 1rem; border-left: .25rem solid var(--warn); background: var(--warn-paper);
  color: var(--warn); }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input { width: 100%; margin-bottom: 1rem; padding: .6rem .75rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--soft); border-radius: .5rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1 1 8rem; padding: .65rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--ink); background: transparent; border: 1px solid var(--soft); border-radius: .5rem; }
button.primary { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
:focus-visible { outline: .1875rem solid var(--accent); outline-offset: .125rem; }
`

const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`
const styleElement: Html = { markup: `<style>${style}</style>` }

/** A page and the form policy it is sent with. */
export interface Page {
  readonly title: string
  readonly body: Html
  /**
   * Where a form on the page may lead. Default: nowhere. `anywhere` is for pages that lead back to an
   * application: browsers apply the policy to every redirect that follows, and the application decides
   * where those go. The token of the form protects it from other sites.
   */
  readonly formTargets?: 'self' | 'anywhere' | undefined
}

/** The document of a page. It has no script and loads nothing. */
export function renderPage({ title, body }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.markup
}

/** The headers of every page. */
export function pageHeaders(page: Page): Readonly<Record<string, string>> {
  const { formTargets } = page
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      `style-src ${styleHash}`,
      ...(formTargets === 'anywhere'
        ? []
        : [`form-action ${formTargets === 'self' ? "'self'" : "'none'"}`]),
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    // An application may have opened the sign-in in a window, and waits for its message.
    ...(formTargets === 'anywhere' ? {} : { 'cross-origin-opener-policy': 'same-origin' }),
    // With no-referrer, browsers send `Origin: null` with forms.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  }
}
