/** The stylesheet of the HTML report. A changed stylesheet needs another {@link styleHash}. */
export const style = `:root{color-scheme:light dark;--text:#1c2024;--muted:#60646c;--back:#fff;--panel:#f6f7f9;--line:#d9dce1;--error:#b3261e;--warning:#8a5300;--note:#2b5fb0;--good:#1a7f4b}
@media (prefers-color-scheme:dark){:root{--text:#edeef0;--muted:#b0b4ba;--back:#111316;--panel:#1b1e23;--line:#363a42;--error:#ff9b93;--warning:#ffc46b;--note:#9cc3ff;--good:#7fdcab}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.5rem 1rem 4rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .75rem}h3{font-size:1rem;margin:0}
p{margin:.5rem 0}a{color:var(--note)}code{font:.875em/1.4 ui-monospace,monospace}
.muted{color:var(--muted)}
.finding{border:1px solid var(--line);border-left-width:.35rem;border-radius:.4rem;padding:.75rem 1rem;margin:.75rem 0;background:var(--panel)}
.finding.error{border-left-color:var(--error)}.finding.warning{border-left-color:var(--warning)}.finding.note{border-left-color:var(--note)}
.tag{font-weight:600}.error .tag{color:var(--error)}.warning .tag{color:var(--warning)}.note .tag{color:var(--note)}
.evidence{margin:.5rem 0;padding:0;list-style:none}.evidence li{border-left:2px solid var(--line);padding-left:.6rem;margin:.3rem 0}
blockquote{margin:.5rem 0;padding-left:.75rem;border-left:2px solid var(--line);color:var(--muted)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.4rem}
table{border-collapse:collapse;width:100%;min-width:36rem;font-size:.925rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem;border-bottom:1px solid var(--line)}th{background:var(--panel)}tr:last-child td{border-bottom:0}
pre{margin:0;padding:.75rem 1rem;overflow-x:auto;background:var(--panel);border:1px solid var(--line);border-radius:.4rem;font:.85rem/1.5 ui-monospace,monospace;white-space:pre-wrap}
.sequence{display:block;width:100%;min-width:40rem;height:auto}
.sequence text{font:12px ui-monospace,monospace;fill:var(--text)}.sequence .name{font:600 14px system-ui,sans-serif}.sequence .middle{text-anchor:middle}.sequence .outcome{text-anchor:end;fill:var(--muted)}.sequence .outcome.good{fill:var(--good)}.sequence .outcome.bad{fill:var(--error)}
.sequence .lifeline{stroke:var(--line);stroke-width:2}.sequence .arrow{stroke:var(--muted);stroke-width:1.5}.sequence .head{fill:var(--muted)}
@media print{body{max-width:none}.finding{break-inside:avoid}}
`

/** The SHA-256 of {@link style} in base64, for the content security policy. */
export const styleHash = 'EkBm7kI+n6eESYm0+xLgA/n/1Zzk7lyMak8/4uPwViw='
