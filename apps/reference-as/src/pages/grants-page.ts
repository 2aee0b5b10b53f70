import { html } from './html.ts'
import type { Html } from './html.ts'
import type { Page } from './layout.ts'
import { isolated } from './views.ts'
import type { FormView } from './views.ts'

/** One application on the page of grants. */
export interface GrantView {
  readonly grantId: string
  readonly clientName: string
  /** Where the response to its authorization went. Absent when that is not known. */
  readonly redirectTarget: string | undefined
  readonly permissions: readonly string[]
  readonly resources: readonly string[]
  readonly lastUsed: Date
  readonly expires: Date
}

/** The page on which the user ends the access of applications. */
export function grantsPage(
  view: Omit<FormView, 'formTargets'> & {
    readonly username: string
    readonly grants: readonly GrantView[]
    readonly ended: boolean
  },
): Page {
  return {
    title: 'Applications that stay signed in',
    formTargets: 'self',
    body: html`<h1>Applications that stay signed in</h1>
      <p class="soft">Signed in as ${view.username}</p>
      ${
        view.ended
          ? html`<p class="note" role="status">
              The sign-in has ended. An access token of the application may work for a few more
              minutes.
            </p>`
          : undefined
      }
      ${view.grants.length === 0 ? html`<p>No application stays signed in.</p>` : undefined}
      ${view.grants.map(
        (grant) =>
          html`<section aria-label="${grant.clientName}">
            <h2>${isolated(grant.clientName)}</h2>
            <ul>
              ${grant.permissions.map((permission) => html`<li>${permission}</li>`)}
            </ul>
            <p class="soft">
              ${grant.resources.map((resource) => html`For ${resource}<br />`)}${
                grant.redirectTarget === undefined
                  ? undefined
                  : html`The response went to ${grant.redirectTarget}<br />`
              }Last
              renewed ${day(grant.lastUsed)}, expires ${day(grant.expires)} if it is not used
            </p>
            <form method="post" action="${view.action}">
              <input type="hidden" name="csrf" value="${view.csrf}" />
              <input type="hidden" name="grant" value="${grant.grantId}" />
              <button type="submit" name="decision" value="end">
                End access of ${isolated(grant.clientName)}
              </button>
            </form>
          </section>`,
      )}`,
  }
}

function day(date: Date): Html {
  const iso = date.toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)}</time>`
}
