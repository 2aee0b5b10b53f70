import { html } from './html.ts'
import type { Html } from './html.ts'
import { isolated } from './views.ts'

/** Names a client, and says whether the name is verified. */
export function applicationRow(client: {
  readonly name: string
  readonly verifiedHost: string | undefined
}): Html {
  return html`<dt>Application</dt>
    <dd>
      ${isolated(client.name)}
      <br /><span class="soft"
        >${
          client.verifiedHost === undefined
            ? 'The application declared this name. It is not verified.'
            : html`Published at <strong>${client.verifiedHost}</strong>`
        }</span
      >
    </dd>`
}
